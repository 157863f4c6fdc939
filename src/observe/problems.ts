// What is wrong with a Canary, from what its spec alone says to what only the cluster can tell. The first error is the one
// that is said.
import { checkCanary } from '../api/check.ts';
import { formatPath } from '../api/problem.ts';
import { inEntry } from '../api/routes.ts';
import { measureProblems } from '../measure/problems.ts';
import type { Problem } from '../model/problem.ts';
import { resourcesOf } from '../traffic/router.ts';
import { routerFor } from '../traffic/routers.ts';
import { routingProblems } from '../traffic/routing-problems.ts';
import { selectorConflict } from '../workload/conflicts.ts';
import { workloadKinds } from '../workload/kinds.ts';
import { autoscalerProblems } from './autoscalers.ts';
import type { Caches } from './caches.ts';
import { targetKeyOf } from './canary-view.ts';
import type { CanaryView } from './canary-view.ts';
import { isOlder } from './claims.ts';
import { gatewayProblems } from './gateways.ts';
import type { Moment, ObserveSettings } from './observe.ts';
import type { Scene } from './scene.ts';

interface Circumstances {
  readonly settings: ObserveSettings;
  readonly moment: Moment;
}

/** From the spec alone to what only the cluster can tell; the first error is the one that is said. */
export function problemsOf(
  view: CanaryView,
  scene: Scene | undefined,
  caches: Caches,
  { settings, moment }: Circumstances,
): readonly Problem[] {
  if (view.canary === undefined || scene === undefined) {
    return view.problems;
  }
  const checked = checkCanary(view.canary, {
    defaultProvider: settings.meshProvider,
    noCrossNamespaceRefs: settings.noCrossNamespaceRefs,
    minimumIntervalMs: settings.minimumIntervalMs,
  });
  return [
    ...view.problems,
    ...checked,
    ...unsupported(scene),
    ...routingProblems(scene.spec, settings.meshProvider, moment.presenceOf),
    ...(routerFor(scene.provider) === undefined ? [] : measureProblems(scene.spec, scene.provider)),
    ...inUse(view, caches),
    ...notInstalled(scene, moment),
    ...sourceProblems(scene),
    ...borrowedProblems(scene),
    ...gatewayProblems(scene, caches, { ...settings, presenceOf: moment.presenceOf }),
    ...autoscalerProblems({ ...scene, caches, missingKinds: moment.missingKinds }),
    ...scene.problems,
    ...(scene.target?.problems ?? []),
    ...conflicts(scene),
    ...(moment.configs?.problems ?? []),
  ];
}

function conflicts({ target, primary, selector }: Scene): Problem[] {
  const found =
    target === undefined || primary === undefined || selector === undefined
      ? undefined
      : selectorConflict(target, primary, selector);
  return found === undefined ? [] : [found];
}

function unsupported({ spec, kind }: Scene): Problem[] {
  const problems: Problem[] = [];
  if (kind === undefined) {
    problems.push({
      severity: 'error',
      reason: 'UnsupportedField',
      field: 'spec.targetRef.kind',
      value: spec.targetRef.kind,
      message: `is ${spec.targetRef.kind}, which is not supported yet`,
      fix: `use one of ${workloadKinds.map(({ resource }) => resource.kind).join(', ')}`,
    });
  }
  if (spec.service === undefined && kind?.services !== 'none') {
    problems.push({
      severity: 'error',
      reason: 'InvalidSpec',
      field: 'spec.service',
      message: 'is missing',
      fix: 'add it with at least a port',
    });
  }
  return problems;
}

function inUse(view: CanaryView, caches: Caches): Problem[] {
  const target = targetKeyOf(view);
  const others = target === undefined ? [] : caches.canaries.byIndex('target', target);
  const first = others.find(({ value }) => isOlder(value, view));
  return first === undefined
    ? []
    : [
        {
          severity: 'error',
          reason: 'TargetInUse',
          field: 'spec.targetRef.name',
          value: view.canary?.spec.targetRef.name,
          message: `is the target of Canary ${first.value.name} already`,
          fix: 'delete one of the two Canaries',
        },
      ];
}

function notInstalled({ routes, autoscalers }: Scene, { missingKinds }: Moment): Problem[] {
  const ofRoutes = missingKinds.filter((resource) => resource !== autoscalers.named?.kind.resource);
  return ofRoutes.map(({ kind, group, version }) => {
    const needing = routes.find(({ router }) =>
      (router === undefined ? [] : resourcesOf(router)).some(
        (one) => one.group === group && one.kind === kind,
      ),
    );
    return {
      severity: 'error',
      reason: 'KindNotInstalled',
      field: formatPath([
        ...(needing === undefined || needing.path.length === 0 ? ['spec'] : needing.path),
        'provider',
      ]),
      value: needing?.provider,
      message: `needs ${kind} (${group}/${version}), which this cluster does not serve, or does not let Serin list`,
      fix: 'install its custom resource definitions, or grant list and watch on them',
    };
  });
}

/** The objects of the user's that routes are made from. */
function sourceProblems({ routes, view, spec: whole }: Scene): readonly Problem[] {
  return routes.flatMap((route) => {
    const { router, spec, source } = route;
    const name = router?.source?.nameOf(spec);
    if (router?.source === undefined || name === undefined) {
      return [];
    }
    const { resource, reference, namespaceOf } = router.source;
    const found: readonly Problem[] =
      source === undefined
        ? [
            {
              severity: 'error',
              reason: 'MissingReference',
              field: `spec.${reference}.name`,
              value: name,
              message: `names ${resource.kind} ${name}.${namespaceOf?.(spec) ?? view.namespace}, which does not exist`,
              fix: 'create it, or name another one',
            },
          ]
        : router.source.problems(spec, source);
    return found.map((problem) => inEntry(route, whole, problem));
  });
}

/** Routes of the user's, in which Serin moves weights. */
function borrowedProblems({ routes, spec: whole }: Scene): readonly Problem[] {
  return routes.flatMap((route) =>
    (route.router?.route?.problems?.(route.spec, route.view) ?? []).map((problem) =>
      inEntry(route, whole, problem),
    ),
  );
}
