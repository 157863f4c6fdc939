// What was the user's before the Canary: given back as it was when the Canary goes, and the steps before a route changes
// hands, either way. What Serin created goes with its owner and is left alone.
import type { Cluster } from '../cluster/cluster.ts';
import { objectOf } from '../model/json.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject, ObjectKey, Resource } from '../model/kube.ts';
import { backUp, originalSpec, restored } from '../model/original.ts';
import { allPrimary } from '../model/split.ts';
import type { RouteScene } from '../observe/scene.ts';
import { splitOf } from '../traffic/router.ts';
import type { CompanionShape, RouteShape } from '../traffic/router.ts';
import type { Stage } from './act.ts';
import { apply, guard, translated } from './apply.ts';
import type { Application, Landing } from './apply.ts';
import { mergePatchOf } from './merge-patch.ts';
import { forEveryRoute } from './every-route.ts';
import { trafficLanding } from './traffic-landing.ts';

/** Where nothing was kept (Flagger keeps nothing), a Service that selects the primary selects the target again. */
export async function restoreService({ cluster, caches, scene }: Stage): Promise<void> {
  const { view, apex, selector } = scene;
  const reselected = (live: KubeObject): KubeObject | undefined => {
    const spec = objectOf(live['spec']);
    const selected = selector && objectOf(spec['selector'])[selector.key];
    return selector !== undefined && selected === `${selector.value}-primary`
      ? { ...live, spec: { ...spec, selector: { [selector.key]: selector.value } } }
      : undefined;
  };
  await change(cluster, {
    resource: resources.services,
    key: { namespace: view.namespace, name: apex },
    landing: caches.services,
    to: (live) => restored(live) ?? (isOwned(live) ? undefined : reselected(live)),
  });
}

/** @param keeping Services of ours stay named, without weight, and the note of what was before stays too. */
export async function restoreRoute(stage: Stage, keeping?: true): Promise<void> {
  const { cluster, caches, scene } = stage;
  await forEveryRoute(stage, async (route) => {
    await changeRoute(stage, route, (live, shape) => {
      const before =
        shape.givenBack?.(live, scene.apex) ??
        restored(live) ??
        (isOwned(live) ? undefined : shape.leadingToApex?.(live, scene.apex));
      return before === undefined || shape.naming === undefined || keeping !== true
        ? before
        : { ...live, spec: shape.naming(before, live['spec'], scene.apex)['spec'] };
    });
    if (keeping === true) {
      return;
    }
    for (const { shape, wanted } of route.companions) {
      const { name, namespace } = wanted.metadata;
      await change(cluster, {
        resource: shape.resource,
        key: namespace === undefined ? { name } : { name, namespace },
        landing: trafficLanding(caches, shape.resource),
        to: restored,
      });
    }
  });
}

function isOwned({ metadata }: KubeObject): boolean {
  return (metadata.ownerReferences ?? []).length > 0;
}

/** The shape for a route whose gateway may still send to what it named before: that stays named, without weight. */
export function keepingNames(shape: RouteShape, apex: string): RouteShape {
  const { naming } = shape;
  return naming === undefined
    ? shape
    : { ...shape, merge: (live, wanted) => naming(shape.merge(live, wanted), live['spec'], apex) };
}

/** How what the user's route said is kept: noted on it when it is first written, unless it can give it back by itself. */
export function keepingOf(
  shape: CompanionShape | RouteShape,
  ownUid: string,
): Pick<Application, 'backUp' | 'neverCreated'> {
  if ('givenBack' in shape && shape.givenBack !== undefined) {
    return { neverCreated: true };
  }
  // What is scoped to the cluster is never the user's: there is nothing to keep.
  return shape.resource.namespaced ? { backUp: (live, merged) => backUp(live, ownUid, merged) } : {};
}

/** Before a route sends to our Services, or to those from before, its gateway learns of them. */
export async function announceRoute(stage: Stage, to: 'ours' | 'theirs'): Promise<void> {
  await forEveryRoute(stage, (route) =>
    to === 'ours' ? announceOurs(stage, route) : announceTheirs(stage, route),
  );
}

async function announceTheirs(stage: Stage, route: RouteScene): Promise<void> {
  const naming = route.router?.route?.naming;
  if (naming !== undefined) {
    const { apex } = stage.scene;
    await changeRoute(stage, route, (live, shape) =>
      naming(live, originalSpec(live) ?? shape.leadingToApex?.(live, apex)['spec'], apex),
    );
  }
}

/** A route that sends to our Services already is left alone. */
async function announceOurs(
  { cluster, caches, scene }: Stage,
  { router, view, wish }: RouteScene,
): Promise<void> {
  const shape = router?.route;
  const naming = shape?.naming;
  if (
    shape === undefined ||
    naming === undefined ||
    (view !== undefined && splitOf(view, scene.apex) !== undefined)
  ) {
    return;
  }
  const wanted = shape.render(wish(allPrimary));
  const { backUp: note, ...keeping } = keepingOf(shape, scene.view.uid);
  await apply(cluster, {
    resource: shape.resource,
    wanted,
    shape: { ...shape, merge: (live) => naming(live, wanted['spec'], scene.apex) },
    landing: trafficLanding(caches, shape.resource),
    ...keeping,
    // The note is written once, and here: it must tell also what only the write after this one takes away.
    ...(note === undefined ? {} : { backUp: (live) => note(live, shape.merge(live, wanted)) }),
  });
}

async function changeRoute(
  { cluster, caches }: Stage,
  { router, key }: RouteScene,
  to: (live: KubeObject, shape: RouteShape) => KubeObject | undefined,
): Promise<void> {
  const shape = router?.route;
  if (shape === undefined) {
    return;
  }
  await change(cluster, {
    resource: shape.resource,
    key,
    landing: trafficLanding(caches, shape.resource),
    to: (live) => to(live, shape),
  });
}

interface Change {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly landing: Landing;
  /** undefined leaves it as it is. */
  readonly to: (live: KubeObject) => KubeObject | undefined;
}

async function change(cluster: Cluster, { resource, key, landing, to }: Change): Promise<void> {
  await translated(`restore ${resource.kind} ${key.name}`, async () => {
    const live = await cluster.get(resource, key);
    const before = live === undefined ? undefined : to(live);
    const body = live === undefined || before === undefined ? undefined : mergePatchOf(live, before);
    if (live !== undefined && body !== undefined) {
      landing.put(await cluster.patch(resource, key, { kind: 'merge', body: guard(body, live) }));
    }
  });
}
