// What the cache keeps of a Canary: the parsed spec and status, or why they cannot be read.
import { parseCanary, parseStatus } from '../api/parse.ts';
import { apexName, isKnative, namespaceOf } from '../api/defaults.ts';
import { CanarySpec } from '../api/canary.ts';
import type { Canary } from '../api/canary.ts';
import type { CanaryStatus, Plan, Run } from '../api/status.ts';
import { routesOf } from '../api/routes.ts';
import { keyOf } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import { sameJson } from '../model/hash.ts';
import { foreignStatusWriter } from '../model/managed-fields.ts';
import type { ForeignWriter } from '../model/managed-fields.ts';
import type { Problem } from '../model/problem.ts';
import { qualifiedName } from '../traffic/router.ts';
import { distantSources, routeAnnotations, routeNames } from '../traffic/routers.ts';
import { gatewayKeys } from './gateways.ts';

export interface CanaryView {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Those that routes are made from. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The manifest; its metadata may be older than the view. */
  readonly read: ReturnType<typeof parseCanary>;
  /** What counts now; undefined where spec or status cannot be read: `problems` says why. */
  readonly canary: Canary | undefined;
  readonly problems: readonly Problem[];
  readonly status: CanaryStatus;
  /** Another controller that has written the status, and when it last did. */
  readonly foreignWriter: ForeignWriter | undefined;
  /** The status as it is stored: what a patch is computed against. */
  readonly storedStatus: unknown;
}

export const FINALIZER = 'finalizer.flagger.app';

export function viewOfCanary(object: KubeObject, known?: CanaryView): CanaryView {
  const { managedFields: _whoWrote, ...metadata } = object.metadata;
  const { status: storedStatus = {}, ...manifest } = object;
  const spec = sameSpec(known, metadata) ?? parseCanary({ ...manifest, metadata });
  const status = parseStatus(storedStatus);
  return {
    uid: metadata.uid ?? '',
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    createdAt: metadata.creationTimestamp ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    labels: metadata.labels ?? {},
    annotations: routeAnnotations(metadata.annotations),
    read: spec,
    canary: spec.ok && status.ok ? inForce(spec.canary, status.status.run) : undefined,
    problems: [...(spec.ok ? [] : spec.problems), ...(status.ok ? [] : status.problems)],
    status: status.ok ? status.status : {},
    foreignWriter: foreignStatusWriter(object.metadata),
    storedStatus,
  };
}

/**
 * What a run is about it stays about: a provider, target or Service that is named anew meanwhile counts from the next run
 * on. Else the route that carries the traffic would be left as it is, and whatever it leads to would be scaled down.
 */
function inForce(canary: Canary, run: Run | undefined): Canary {
  const begun = run?.kind === 'rollout' ? asBegun(canary.spec, run.plan) : canary.spec;
  if (sameJson(begun, canary.spec)) {
    return canary;
  }
  const frozen = CanarySpec.safeParse(begun);
  return frozen.success ? { ...canary, spec: frozen.data } : canary;
}

function asBegun(spec: CanarySpec, { provider, routes = [], routeRef, subject }: Plan): unknown {
  if (subject === undefined) {
    return spec;
  }
  const { apex, ...targetRef } = subject;
  const { routes: _routes, routeRef: _routeRef, ...rest } = spec;
  const renamed = spec.service !== undefined && apexName(spec) !== apex;
  return {
    ...rest,
    targetRef,
    ...(routeRef === undefined ? {} : { routeRef }),
    ...(routes.length === 0 ? {} : { routes }),
    ...(renamed ? { service: { ...spec.service, name: apex } } : {}),
    // One of several routes has its provider from the list.
    ...(spec.provider === undefined || routes.length > 0 ? {} : { provider }),
  };
}

/** Most changes of a Canary are of its status alone; the generation grows with every other. */
function sameSpec(
  known: CanaryView | undefined,
  { uid, generation }: KubeObject['metadata'],
): CanaryView['read'] | undefined {
  const same = uid !== undefined && uid === known?.uid && generation === known.generation && generation > 0;
  return same ? known.read : undefined;
}

/** `<kind>/<namespace>/<name>` of every object whose change concerns this Canary; its configuration aside. */
export function interestsOf({ canary, namespace, uid }: CanaryView): readonly string[] {
  if (canary === undefined) {
    return [];
  }
  const { spec } = canary;
  const apex = apexName(spec);
  const { kind, name: target } = spec.targetRef;
  return [
    `${kind}/${namespace}/${target}`,
    `${kind}/${namespace}/${target}-primary`,
    `${kind}/${namespace}/${target}-warm`,
    ...['', '-primary', '-canary'].map((suffix) => `Service/${namespace}/${apex}${suffix}`),
    ...autoscalersOf(spec, namespace),
    ...routeNames(spec).flatMap((name) => [
      `Route/${namespace}/${name}`,
      `Route/${namespace}/${qualifiedName(name, namespace)}`,
      `Route/${name}`,
    ]),
    ...distantSources(spec).map((key) => `Route/${key}`),
    `Owner/${uid}`,
    ...templatesOf(canary, spec),
    ...gatewaysOf(spec, namespace),
  ];
}

function autoscalersOf({ autoscalerRef }: CanarySpec, namespace: string): string[] {
  const name = autoscalerRef?.name;
  return name === undefined
    ? []
    : [`Autoscaler/${namespace}/${name}`, `Autoscaler/${namespace}/${name}-primary`];
}

function gatewaysOf(spec: CanarySpec, namespace: string): string[] {
  return routesOf(spec, '')
    .flatMap(({ spec: { service } }) => gatewayKeys(service?.gatewayRefs, namespace))
    .map((key) => `Gateway/${keyOf(key)}`);
}

function templatesOf(canary: Canary, spec: CanarySpec): string[] {
  return (spec.analysis.metrics ?? []).flatMap(({ templateRef }) =>
    templateRef === undefined
      ? []
      : [`MetricTemplate/${namespaceOf(templateRef, canary)}/${templateRef.name}`],
  );
}

/** Whose target is whose: two Canaries on one target are told from each other by age. */
export function targetKeyOf({ canary, namespace }: CanaryView): string | undefined {
  if (canary === undefined) {
    return undefined;
  }
  const { kind, name } = canary.spec.targetRef;
  return `${isKnative(canary.spec) ? 'Knative' : kind}/${namespace}/${name}`;
}
