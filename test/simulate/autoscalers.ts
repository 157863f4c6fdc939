// Autoscalers in the simulation: the manifests, what people do to them, what must never be, and how they rest.
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { objectOf, textOf } from '../../src/model/json.ts';
import type { Habit } from './habits.ts';
import type { Rule, Write } from './rules.ts';
import { boundsOf, isPaused, pausedAt } from './scaling.ts';
import { push, setSpec } from './users.ts';
import { APP, NAMESPACE, PRIMARY } from './targets.ts';
import type { World } from './world.ts';

const namespace = NAMESPACE;
const PAUSED_REPLICAS = 'autoscaling.keda.sh/paused-replicas';

export type Kind = 'HorizontalPodAutoscaler' | 'ScaledObject';

export function resourceOf(kind: string | undefined): Resource {
  return kind === 'ScaledObject' ? resources.scaledObjects : resources.horizontalPodAutoscalers;
}

export function autoscalerOf(kind: Kind, min: number, max: number): KubeObject {
  const scaled = kind === 'ScaledObject';
  return {
    apiVersion: scaled ? 'keda.sh/v1alpha1' : 'autoscaling/v2',
    kind,
    metadata: { name: APP, namespace, labels: { team: 'a' }, annotations: { note: 'x' } },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: APP },
      ...boundsSpecOf(kind, min, max),
      ...(scaled
        ? { triggers: [{ type: 'prometheus', metadata: { query: `rate(${APP}[1m])` }, someday: 'kept' }] }
        : {}),
    },
  };
}

export function boundsSpecOf(kind: string, min: number, max: number): Record<string, number> {
  return kind === 'ScaledObject'
    ? { minReplicaCount: min, maxReplicaCount: max }
    : { minReplicas: min, maxReplicas: max };
}

export function refTo(kind: Kind): Record<string, string> {
  return { apiVersion: kind === 'ScaledObject' ? 'keda.sh/v1alpha1' : 'autoscaling/v2', kind, name: APP };
}

/** The kind that the Canary names now; undefined: none, or there is no Canary. */
function namedKind(world: World): string | undefined {
  return textOf(objectOf(objectOf(world.canary()?.['spec'])['autoscalerRef'])['kind']);
}

/** The target's, or its primary's, of the kind that is in the cluster. */
export function findAutoscaler(world: World, name: string): KubeObject | undefined {
  return (
    world.store.find(resources.horizontalPodAutoscalers, { namespace, name }) ??
    world.store.find(resources.scaledObjects, { namespace, name })
  );
}

function edit(world: World, name: string, body: Record<string, unknown>): boolean {
  const live = findAutoscaler(world, name);
  if (live === undefined) {
    return false;
  }
  world.store.patch(resourceOf(live.kind), { namespace, name }, { kind: 'merge', body });
  return true;
}

function resize(world: World): string | undefined {
  const min = world.chance.between(1, 3);
  const max = world.chance.between(min, 6);
  const spec = boundsSpecOf(findAutoscaler(world, APP)?.kind ?? '', min, max);
  const metadata = { labels: { team: world.chance.pick(['a', 'b']) } };
  return edit(world, APP, { spec, metadata }) ? `edits the autoscaler: ${min} to ${max}` : undefined;
}

export const autoscalerHabits: readonly Habit[] = [
  { name: 'edits the autoscaler', weight: 2, act: resize },
  {
    name: 'pushes a revision with its autoscaler',
    act: (world) => {
      const resized = resize(world);
      const image = `app:${world.chance.pick(['good', 'bad'])}-${world.nextVersion()}`;
      return resized === undefined ? undefined : `${resized}, and ${push(world, image)}`;
    },
  },
  {
    name: 'deletes an autoscaler',
    act: (world) => {
      const name = world.chance.pick([APP, PRIMARY]);
      const live = findAutoscaler(world, name);
      if (live === undefined) {
        return undefined;
      }
      world.store.delete(resourceOf(live.kind), { namespace, name });
      return `deletes ${live.kind} ${name}`;
    },
  },
  {
    name: 'pauses or resumes an autoscaler',
    weight: 2,
    act: (world) => {
      const name = world.chance.pick([APP, PRIMARY]);
      if (findAutoscaler(world, name)?.kind !== 'ScaledObject') {
        return undefined;
      }
      const value = world.chance.pick([null, '0', '2']);
      // Whoever pauses the primary at zero takes it down: that is nobody's fault but theirs.
      const annotations = { [PAUSED_REPLICAS]: value === '0' && name !== APP ? '1' : value };
      edit(world, name, { metadata: { annotations } });
      return `${value === null ? 'resumes' : 'pauses'} ScaledObject ${name}`;
    },
  },
  {
    name: 'names another autoscaler, or none',
    weight: 2,
    act: (world) => {
      const live = findAutoscaler(world, APP);
      if (live === undefined || world.canary() === undefined) {
        return undefined;
      }
      const named = namedKind(world) !== undefined;
      setSpec(world, {
        autoscalerRef: named
          ? null
          : refTo(live.kind === 'ScaledObject' ? live.kind : 'HorizontalPodAutoscaler'),
      });
      return named ? 'takes autoscalerRef out' : 'names the autoscaler';
    },
  },
];

const sizeOf = (workload: { readonly size: number } | undefined): number => workload?.size ?? 0;

export const autoscalerRules: readonly Rule[] = [
  {
    name: 'the autoscaler of the primary is never paused',
    broken: ({ before, now }) =>
      isPaused(now.primaryAutoscaler) && !isPaused(before.primaryAutoscaler) ? 'it was' : undefined,
  },
  {
    name: 'the autoscaler of the target is paused only when nobody needs its pods',
    broken: ({ before, now, believes }) => {
      const paused = pausedAt(now.targetAutoscaler) === '0' && pausedAt(before.targetAutoscaler) !== '0';
      if (!paused || sizeOf(now.target) === 0) {
        return undefined;
      }
      if (now.split !== undefined && now.split.canary > 0) {
        return `it was, while the canary gets ${now.split.canary} % of the traffic`;
      }
      return believes(PRIMARY) === 0 && believes(APP) > 0
        ? 'it was, while the primary has no pods'
        : undefined;
    },
  },
  {
    name: 'a primary that is scaled is never made smaller by us',
    broken: ({ before, now }) =>
      now.primaryAutoscaler !== undefined &&
      sizeOf(now.primary) < sizeOf(before.primary) &&
      now.primary !== undefined
        ? `from ${sizeOf(before.primary)} to ${sizeOf(now.primary)}`
        : undefined,
  },
  {
    name: 'what comes with a new revision never takes room from the old one',
    broken: (write) => (isAnalysing(write) && shrinks(write) ? 'it did' : undefined),
  },
];

/** In a run whose revision is not promoted yet. */
function isAnalysing({ before: { status } }: Write): boolean {
  const { kind, stage, outcome } = objectOf(status['run']);
  return kind === 'rollout' && objectOf(outcome)['phase'] !== 'Succeeded' && stage !== 'closing';
}

function shrinks({ before, now }: Write): boolean {
  const [from, to] = [before.primaryAutoscaler, now.primaryAutoscaler];
  if (from === undefined || to === undefined || isPaused(from)) {
    return false;
  }
  return boundsOf(to).max < boundsOf(from).max || boundsOf(to).min < boundsOf(from).min;
}

/** What is wrong once everything has come to rest; undefined: nothing. */
export function unrestOf(world: World): string | undefined {
  const kind = namedKind(world);
  const live = [resources.horizontalPodAutoscalers, resources.scaledObjects].flatMap(
    (resource) => world.store.list(resource, { namespace }).items,
  );
  const copies = live.filter(({ metadata }) => metadata.name === PRIMARY);
  if (kind === undefined) {
    return copies.length === 0 ? undefined : 'an autoscaler is left that nobody names';
  }
  const [copy] = copies;
  const target = findAutoscaler(world, APP);
  if (copies.length !== 1 || copy?.kind !== kind || isPaused(copy)) {
    return `the autoscalers of the primary are ${JSON.stringify(copies)}`;
  }
  if (kind === 'ScaledObject' && pausedAt(target) !== '0') {
    return 'the autoscaler of the target is not paused';
  }
  const { lastAppliedSpec, lastPromotedSpec } = objectOf(world.canary()?.['status']);
  // The same image with another configuration is another revision, and its autoscaler is not for the primary.
  const same = world.imageOf(APP) === world.imageOf(PRIMARY) && lastAppliedSpec === lastPromotedSpec;
  const followed = boundsOf(copy).max === boundsOf(target).max && boundsOf(copy).min === boundsOf(target).min;
  return same && !followed ? 'the autoscaler of the primary does not follow' : undefined;
}

/** `, scaled 2-4 and 2-4 paused`: the bounds of the primary's and of the target's; empty where nothing scales. */
export function summaryOf(world: World): string {
  const [primary, target] = [PRIMARY, APP].map((name) => {
    const live = findAutoscaler(world, name);
    const { min, max } = boundsOf(live);
    return live === undefined ? '-' : `${min}-${max}${isPaused(live) ? ' paused' : ''}`;
  });
  return target === '-' ? '' : `, scaled ${primary} and ${target}`;
}
