// The autoscalers of one Canary: the target's, the primary's, and those that were made for an earlier spec.
import type { CanarySpec } from '../api/canary.ts';
import { primaryName } from '../api/defaults.ts';
import { apiVersionOf, keyOf } from '../model/kube.ts';
import type { KubeObject, ObjectKey, OwnerReference, Resource } from '../model/kube.ts';
import type { AutoscalerName, SeenAutoscaler } from '../model/observation.ts';
import type { Problem } from '../model/problem.ts';
import { compareAutoscaler, renderPrimaryAutoscaler } from '../workload/autoscaler.ts';
import type { AutoscalerKind, AutoscalerView } from '../workload/autoscaler.ts';
import { autoscalerKindNames, autoscalerKinds } from '../workload/autoscalers.ts';
import { primaryNameOf } from '../workload/primary.ts';
import type { Caches } from './caches.ts';
import type { CanaryView } from './canary-view.ts';
import { isForeign, isOlder } from './claims.ts';

/** The autoscaler that a Canary names, and the one of its primary. */
interface NamedAutoscaler {
  readonly kind: AutoscalerKind;
  readonly targetKey: ObjectKey;
  readonly target: AutoscalerView | undefined;
  readonly primary: AutoscalerView | undefined;
}

export interface SceneAutoscalers {
  /** undefined where the Canary names none. */
  readonly named: NamedAutoscaler | undefined;
  readonly retired: readonly (AutoscalerName & { readonly uid: string })[];
}

export function autoscalersOf(
  { namespace, uid }: CanaryView,
  { autoscalerRef }: CanarySpec,
  caches: Caches,
): SceneAutoscalers {
  const wanted =
    autoscalerRef === undefined ? undefined : `${autoscalerRef.kind}/${primaryNameOf(autoscalerRef.name)}`;
  return {
    named: autoscalerRef === undefined ? undefined : namedAutoscaler(autoscalerRef, namespace, caches),
    retired: autoscalerKindNames.flatMap((kind) =>
      caches.autoscalers[kind]
        .byIndex('owner', uid)
        .map(({ value }) => ({ kind, name: value.object.metadata.name, uid: value.uid }))
        .filter(({ name }) => `${kind}/${name}` !== wanted),
    ),
  };
}

function namedAutoscaler(
  { kind, name }: NonNullable<CanarySpec['autoscalerRef']>,
  namespace: string,
  caches: Caches,
): NamedAutoscaler {
  const cache = caches.autoscalers[kind];
  const targetKey = { namespace, name };
  return {
    kind: autoscalerKinds[kind],
    targetKey,
    target: cache.get(keyOf(targetKey)),
    primary: cache.get(keyOf({ namespace, name: primaryNameOf(name) })),
  };
}

/** The primary's autoscaler, for the target's as it is now. */
export function wantedAutoscaler(
  kind: AutoscalerKind,
  target: KubeObject,
  { spec, owner }: { readonly spec: CanarySpec; readonly owner: OwnerReference },
): KubeObject {
  return renderPrimaryAutoscaler(kind, target, {
    targetName: spec.targetRef.name,
    primaryName: primaryName(spec),
    owner,
    replicas: spec.autoscalerRef?.primaryScalerReplicas,
    queries: spec.autoscalerRef?.primaryScalerQueries,
  });
}

/** undefined while the target has no autoscaler. */
export function seenAutoscaler(
  { named }: SceneAutoscalers,
  { spec, owner }: { readonly spec: CanarySpec; readonly owner: OwnerReference },
): SeenAutoscaler | undefined {
  if (named?.target === undefined) {
    return undefined;
  }
  const { kind, target, primary } = named;
  const wanted = wantedAutoscaler(kind, target.object, { spec, owner });
  return {
    ...stateOf(kind, { primary, wanted, ownUid: owner.uid }),
    targetMinReplicas: target.minReplicas,
    primaryMinReplicas: kind.boundsOf(Object(wanted['spec'])).min,
    ...(target.paused === undefined ? {} : { paused: target.paused }),
  };
}

function stateOf(
  kind: AutoscalerKind,
  {
    primary,
    wanted,
    ownUid,
  }: {
    readonly primary: AutoscalerView | undefined;
    readonly wanted: KubeObject;
    readonly ownUid: string;
  },
): Pick<SeenAutoscaler, 'state' | 'growing'> {
  if (primary === undefined) {
    return { state: 'missing' };
  }
  if (isForeign(primary.ownerUids, ownUid)) {
    return { state: 'foreign' };
  }
  const difference = compareAutoscaler(kind, primary.object, wanted);
  return difference === 'none'
    ? { state: 'inPlace' }
    : { state: 'drifted', ...(difference === 'growing' ? { growing: true } : {}) };
}

interface Circumstances {
  readonly view: CanaryView;
  readonly spec: CanarySpec;
  readonly autoscalers: SceneAutoscalers;
  readonly caches: Caches;
  /** Kinds that the cluster does not serve. */
  readonly missingKinds: readonly Resource[];
}

/** What is wrong with the autoscaler that a Canary names; said before anything is written. */
export function autoscalerProblems({
  view,
  spec,
  autoscalers,
  caches,
  missingKinds,
}: Circumstances): Problem[] {
  const { named } = autoscalers;
  const ref = spec.autoscalerRef;
  if (named === undefined || ref === undefined) {
    return [];
  }
  const { resource } = named.kind;
  if (missingKinds.includes(resource)) {
    return [
      wrong('kind', {
        reason: 'KindNotInstalled',
        value: ref.kind,
        message: `is ${resource.kind} (${apiVersionOf(resource)}), which this cluster does not serve, or does not let Serin list`,
        fix: 'install its custom resource definitions, grant list and watch on them, or take the reference out',
      }),
    ];
  }
  if (named.target === undefined) {
    return [
      wrong('name', {
        reason: 'MissingReference',
        value: ref.name,
        message: `names ${ref.kind} ${ref.name}, which does not exist`,
        fix: 'create it, or take the reference out',
      }),
    ];
  }
  return [...elsewhere(spec, named, named.target), ...inUse(view, ref, caches), ...taken(view, named)];
}

/** Pausing it would take the pods of another workload away. */
function elsewhere(
  { targetRef }: CanarySpec,
  { kind, targetKey }: NamedAutoscaler,
  target: AutoscalerView,
): Problem[] {
  const { name, kind: scaled } = target.scales;
  if (kind.pause === undefined || (name === targetRef.name && scaled === targetRef.kind)) {
    return [];
  }
  return [
    wrong('name', {
      reason: 'InvalidSpec',
      value: targetKey.name,
      message: `names ${kind.resource.kind} ${targetKey.name}, which scales ${scaled} ${name} instead of the target`,
      fix: `name the one that scales ${targetRef.kind} ${targetRef.name}`,
    }),
  ];
}

function inUse(view: CanaryView, ref: NonNullable<CanarySpec['autoscalerRef']>, caches: Caches): Problem[] {
  const other = caches.canaries
    .byIndex('interest', `Autoscaler/${view.namespace}/${ref.name}`)
    .find(({ value }) => {
      const theirs = value.canary?.spec.autoscalerRef;
      return isOlder(value, view) && theirs?.kind === ref.kind && theirs.name === ref.name;
    });
  return other === undefined
    ? []
    : [
        wrong('name', {
          reason: 'AutoscalerInUse',
          value: ref.name,
          message: `names ${ref.kind} ${ref.name}, which is the autoscaler of Canary ${other.value.name} already`,
          fix: 'give each target an autoscaler of its own',
        }),
      ];
}

function taken({ uid }: CanaryView, { kind, targetKey, primary }: NamedAutoscaler): Problem[] {
  const foreign = primary !== undefined && isForeign(primary.ownerUids, uid);
  const name = primaryNameOf(targetKey.name);
  return foreign
    ? [
        wrong('name', {
          reason: 'AutoscalerInUse',
          value: targetKey.name,
          message: `needs ${kind.resource.kind} ${name} for the primary, which belongs to another controller`,
          fix: `rename the autoscaler of the target, or delete ${name}`,
        }),
      ]
    : [];
}

function wrong(field: 'kind' | 'name', problem: Omit<Problem, 'severity' | 'field'>): Problem {
  return { severity: 'error', field: `spec.autoscalerRef.${field}`, ...problem };
}
