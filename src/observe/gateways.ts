// What the gateways of a Canary have to say about its routes: whether they are there, and which features their classes list
// (Gateway API v1.6, GatewayClass.status.supportedFeatures). A list is optional: where there is none, nothing is refused.
import type { GatewayRef } from '../api/service.ts';
import { formatPath } from '../api/problem.ts';
import type { Path } from '../api/problem.ts';
import { inEntry } from '../api/routes.ts';
import { objectOf, objectsOf, listOf, textOf } from '../model/json.ts';
import { keyOf, resources } from '../model/kube.ts';
import type { KubeObject, ObjectKey, PresenceOf } from '../model/kube.ts';
import type { Problem } from '../model/problem.ts';
import type { FeatureUse } from '../traffic/router.ts';
import type { Cache } from '../watch/cache.ts';
import type { RouteScene, Scene } from './scene.ts';

export interface GatewayView {
  readonly className: string;
}

export interface GatewayClassView {
  /** undefined where its controller lists none. */
  readonly features: readonly string[] | undefined;
}

export interface GatewayCaches {
  readonly gateways: Cache<GatewayView>;
  readonly gatewayClasses: Cache<GatewayClassView>;
}

export interface GatewaySettings {
  /** Empty or left out: all of them are watched. */
  readonly namespaces?: readonly string[];
  /** Features count as there, whatever is listed. */
  readonly trustGateways?: boolean;
  /** Left out: nobody knows which kinds there are. */
  readonly presenceOf?: PresenceOf | undefined;
}

export function viewOfGateway({ spec }: KubeObject): GatewayView {
  return { className: textOf(objectOf(spec)['gatewayClassName']) ?? '' };
}

/** Releases before 1.3 list plain texts. */
export function viewOfGatewayClass({ status }: KubeObject): GatewayClassView {
  const listed = listOf(objectOf(status)['supportedFeatures']);
  const names = [...listed, ...objectsOf(listed).map(({ name }) => name)].flatMap((one) => textOf(one) ?? []);
  return { features: names.length === 0 ? undefined : names.toSorted() };
}

/** Keys of the Gateways that a route belongs to; other parents, as of a mesh, list no features. */
export function gatewayKeys(
  refs: readonly GatewayRef[] | undefined,
  ownNamespace: string,
): readonly ObjectKey[] {
  return (refs ?? []).flatMap((ref) => {
    const { namespace = ownNamespace, name } = ref;
    return isGateway(ref) ? [{ namespace, name }] : [];
  });
}

function isGateway({ group, kind }: GatewayRef): boolean {
  return group === resources.gateways.group && kind === resources.gateways.kind;
}

/** Of every route; what several of its gateways have in common is said once. */
export function gatewayProblems(
  scene: Scene,
  caches: GatewayCaches,
  settings: GatewaySettings,
): readonly Problem[] {
  return scene.routes.flatMap((route) => {
    const parents = parentsOf(route, scene, { caches, settings });
    const classes = parents.flatMap((parent) => (parent.kind === 'class' ? [parent] : []));
    const distinct = classes.filter(
      ({ name }, index) => classes.findIndex((other) => other.name === name) === index,
    );
    return [
      ...parents.flatMap((parent) => (parent.kind === 'missing' ? [parent.problem] : [])),
      ...(settings.trustGateways === true ? [] : distinct).flatMap((parent) =>
        problemsOfClass(parent, route),
      ),
    ].map((problem) => inEntry(route, scene.spec, problem));
  });
}

/** Whether all gateways are known to have, or may have, what copies of requests need. */
export function gatewaysCopy(scene: Scene, caches: GatewayCaches, settings: GatewaySettings): boolean {
  return (
    settings.trustGateways === true ||
    scene.routes.every((route) => {
      const needed = featuresOf(route).filter(({ copies }) => copies === true);
      return parentsOf(route, scene, { caches, settings }).every(
        (parent) => parent.kind !== 'class' || missingIn(parent, needed).length === 0,
      );
    })
  );
}

interface GatewayClass extends GatewayClassView {
  readonly kind: 'class';
  readonly name: string;
  /** The first parent that has it, and where it is named. */
  readonly gateway: string;
  readonly path: Path;
}

type Parent = GatewayClass | { readonly kind: 'missing'; readonly problem: Problem };

/** Of what is watched; of other parents nothing is known. */
function parentsOf(
  { router, spec: { service } }: RouteScene,
  { view }: Scene,
  { caches, settings }: { readonly caches: GatewayCaches; readonly settings: GatewaySettings },
): readonly Parent[] {
  const { presenceOf, namespaces = [] } = settings;
  const kinds = [resources.gateways, resources.gatewayClasses];
  if (
    router?.features === undefined ||
    presenceOf === undefined ||
    kinds.some((kind) => presenceOf(kind) !== 'served')
  ) {
    return [];
  }
  return (service?.gatewayRefs ?? []).flatMap((ref, index): Parent[] => {
    const [key] = gatewayKeys([ref], view.namespace);
    if (key === undefined || (namespaces.length > 0 && !namespaces.includes(key.namespace ?? ''))) {
      return [];
    }
    const path: Path = ['spec', 'service', 'gatewayRefs', index];
    const gateway = caches.gateways.get(keyOf(key));
    const name = gateway?.className ?? '';
    const found = caches.gatewayClasses.get(name);
    return found === undefined
      ? [{ kind: 'missing', problem: missing(key, gateway, [...path, 'name']) }]
      : [{ kind: 'class', name, gateway: key.name, path: [...path, 'name'], ...found }];
  });
}

/** It may come later, so it is no error; meanwhile nobody accepts the route, which has a deadline of its own. */
function missing({ name, namespace = '' }: ObjectKey, gateway: GatewayView | undefined, path: Path): Problem {
  const what =
    gateway === undefined ? 'which does not exist' : `whose GatewayClass ${gateway.className} does not exist`;
  return {
    severity: 'warning',
    reason: 'MissingReference',
    field: formatPath(path),
    value: name,
    message: `names Gateway ${name}.${namespace}, ${what}, so that nothing accepts the route yet`,
    fix: gateway === undefined ? 'create it, or name another one' : 'install its controller',
  };
}

function featuresOf({ router, spec }: RouteScene): readonly FeatureUse[] {
  return router?.features?.(spec) ?? [];
}

function missingIn({ features }: GatewayClassView, uses: readonly FeatureUse[]): readonly FeatureUse[] {
  return features === undefined ? [] : uses.filter(({ feature }) => !features.includes(feature));
}

function problemsOfClass(parent: GatewayClass, route: RouteScene): readonly Problem[] {
  const uses = featuresOf(route);
  const { name, gateway, features, path } = parent;
  if (features !== undefined) {
    // The name of a kind stands for what every gateway has that knows routes of it.
    const core = { feature: route.router?.route?.resource.kind ?? '', field: path };
    return missingIn(parent, [core, ...uses]).map((use) => unlisted(use, name));
  }
  const names = [...new Set(uses.map(({ feature }) => feature))];
  return names.length === 0
    ? []
    : [
        {
          severity: 'warning',
          reason: 'UnsupportedField',
          field: formatPath(path),
          value: gateway,
          message: `leads to GatewayClass ${name}, which does not say whether it has ${names.join(', ')}`,
          fix: 'see that its controller has them',
        },
      ];
}

function unlisted({ feature, field, refusal, copies }: FeatureUse, className: string): Problem {
  const without = copies === true ? '; no copies of requests are sent' : '';
  return {
    severity: refusal === undefined ? 'warning' : 'error',
    reason: refusal ?? 'UnsupportedField',
    field: formatPath(field),
    message: `needs ${feature}, which GatewayClass ${className} does not list${without}`,
    fix: 'remove it, choose another gateway, or start Serin with -trust-gateways if this one has it',
  };
}
