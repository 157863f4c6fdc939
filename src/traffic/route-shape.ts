// What every route of weighted rules does alike; a router adds how its spec is written, laid over a live one and compared.
import { digest } from '../model/hash.ts';
import type { JsonObject } from '../model/json.ts';
import { apiVersionOf, type KubeObject, type ObjectMeta, type Resource } from '../model/kube.ts';
import { countedMetadata, mergeMetadata } from '../model/metadata.ts';
import { originalSpec } from '../model/original.ts';
import { agreedWeights, reweighed, routeMetadata, routeView, rulesIn, type RuleKeys } from './live.ts';
import { apexOf, leadingToApex, namedBackends, naming, withoutLingering } from './name-backends.ts';
import type { Acceptance, RouteShape, RouteWish } from './router.ts';

export interface RouteParts {
  readonly resource: Resource;
  readonly keys: RuleKeys;
  readonly specOf: (wish: RouteWish) => unknown;
  /** Left out: labels and annotations of `service.apex`. */
  readonly metadataOf?: (wish: RouteWish) => ObjectMeta;
  /** The live spec with exactly our fields replaced by the wanted ones. */
  readonly mergeSpec: (live: KubeObject, wanted: KubeObject) => unknown;
  /** What is compared of a spec: defaults filled in, order without meaning undone, weights left out. */
  readonly normalSpec: (route: KubeObject) => unknown;
  /** Weights by backend name. */
  readonly weightsOf: (rule: JsonObject) => Readonly<Record<string, number>>;
  readonly acceptanceOf: (live: KubeObject) => Acceptance;
  /** Of all rules those that may carry the split; left out: all. */
  readonly carriers?: (rules: readonly JsonObject[]) => readonly JsonObject[];
}

/** Functions here are given routes by the name of their apex, whatever the object is called. */
export function routeShape(parts: RouteParts): RouteShape {
  const { resource, keys, carriers = (rules) => rules, metadataOf = (wish) => routeMetadata(wish) } = parts;
  const access = { keys, weightsOf: parts.weightsOf };
  const settled = (route: KubeObject): KubeObject => {
    const spec = withoutLingering(route['spec'], route.metadata.name, access);
    return spec === route['spec'] ? route : { ...route, spec };
  };
  const fingerprint = (object: KubeObject): string => {
    const route = calledLike(apexOf(object, keys), object);
    return digest({ metadata: countedMetadata(route), spec: parts.normalSpec(settled(route)) });
  };
  return {
    resource,
    render: (wish) => ({
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: metadataOf(wish),
      spec: parts.specOf(wish),
    }),
    merge: (live, wanted) => {
      const apex = apexOf(wanted, keys);
      return {
        ...live,
        metadata: mergeMetadata(live.metadata, wanted.metadata),
        spec: parts.mergeSpec(calledLike(apex, live), calledLike(apex, wanted)),
      };
    },
    fingerprint,
    view: (live) => {
      const apex = apexOf(live, keys);
      const route = calledLike(apex, live);
      const alone = settled(route);
      const rules = carriers(rulesIn(alone['spec'], keys));
      const original = originalSpec(live);
      return routeView(live, {
        fingerprint: fingerprint(live),
        weights: agreedWeights(
          rules.map((rule) => parts.weightsOf(rule)),
          apex,
        ),
        acceptance: parts.acceptanceOf(live),
        backends: namedBackends(live['spec'], keys),
        lingers: alone !== route,
        ...(original === undefined ? {} : { originalBackends: namedBackends(original, keys) }),
      });
    },
    reweigh: (live, split) => ({
      ...live,
      spec: reweighed(calledLike(apexOf(live, keys), live), keys, split)['spec'],
    }),
    naming: (live, other) => naming(live, other, access),
    leadingToApex: (live, apex) => leadingToApex(live, apex, keys),
  };
}

function calledLike(apex: string, route: KubeObject): KubeObject {
  return route.metadata.name === apex ? route : { ...route, metadata: { ...route.metadata, name: apex } };
}
