// TrafficRoute (kuma.io/v1alpha1), which releases of Kuma before MeshHTTPRoute serve alone: scoped to the cluster, with the mesh
// in a field of its own beside `spec`, and Services under the names that Kuma gives them, such as `cart-primary_shop_svc_80`.
import { meshOf } from '../../api/defaults.ts';
import { digest } from '../../model/hash.ts';
import { objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import { keyOf, type KubeObject } from '../../model/kube.ts';
import { clusterMetadata, clusterScoped } from '../cluster-scoped.ts';
import type { ServiceKey } from '../live.ts';
import type { RouteShape, RouteWish } from '../router.ts';
import { splitListShape } from '../split-list.ts';

const SERVICE = 'kuma.io/service';
const PRIMARY = /^(?<apex>[^_]+)-primary_(?<namespace>[^_]+)_svc_\d+$/;

export const serviceKey: ServiceKey = {
  of: (entry) => tagOf(entry)?.split('_')[0],
  set: (entry, name) => {
    const place = tagOf(entry)?.replace(/^[^_]*/, '') ?? '';
    return { ...entry, destination: { ...objectOf(entry['destination']), [SERVICE]: `${name}${place}` } };
  },
};

function tagOf({ destination }: JsonObject): string | undefined {
  return textOf(objectOf(destination)[SERVICE]);
}

function tagFor({ namespace, spec }: RouteWish, service: string): string {
  return `${service}_${namespace}_svc_${spec.service?.port}`;
}

const list = splitListShape({
  resource: {
    group: 'kuma.io',
    version: 'v1alpha1',
    plural: 'trafficroutes',
    kind: 'TrafficRoute',
    namespaced: false,
  },
  keys: { rules: ['conf'], backends: 'split', service: serviceKey },
  around: (wish) => ({
    sources: [{ match: { [SERVICE]: '*' } }],
    destinations: [{ match: { [SERVICE]: tagFor(wish, wish.apex) } }],
  }),
  entry: (wish, service, weight) => ({ weight, destination: { [SERVICE]: tagFor(wish, service) } }),
  entryKeys: ['weight', 'destination'],
  order: 'primary first',
  missingWeight: 0,
  metadataOf: clusterMetadata,
});

/** `namespace/apex` of the Services that it divides requests between. */
function serviceOf({ spec }: KubeObject): string | undefined {
  const tags = objectsOf(objectOf(objectOf(spec)['conf'])['split']).map((entry) => tagOf(entry) ?? '');
  const { apex, namespace } =
    tags.map((tag) => PRIMARY.exec(tag)?.groups).find((one) => one !== undefined) ?? {};
  return apex === undefined || namespace === undefined ? undefined : keyOf({ namespace, name: apex });
}

const inMesh: RouteShape = {
  ...list,
  render: (wish) => ({ ...list.render(wish), mesh: meshOf(wish.annotations) }),
  merge: (live, wanted) => ({ ...list.merge(live, wanted), mesh: wanted['mesh'] }),
  fingerprint,
  view: (live) => ({ ...list.view(live), fingerprint: fingerprint(live) }),
};

function fingerprint(route: KubeObject): string {
  return digest({ mesh: route['mesh'], is: list.fingerprint(route) });
}

export const trafficRoute = clusterScoped(inMesh, serviceOf);
