// One Upstream for each side, which leads to its Service, with settings from the Upstream that the Canary names, and again
// when that one changes. Without `kube.selector`, which Flagger writes, Gloo takes every pod of the Service; one that is
// there stays.
import type { CanarySpec } from '../../api/canary.ts';
import { digest } from '../../model/hash.ts';
import { objectOf, overlay, type JsonObject } from '../../model/json.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../../model/kube.ts';
import {
  countedMetadata,
  isCountedField,
  isRecordedField,
  mergeMetadata,
  ownMetadata,
} from '../../model/metadata.ts';
import type { Problem } from '../../model/problem.ts';
import { copiedMetadata } from '../copied-metadata.ts';
import { backendNames } from '../live.ts';
import { warning } from '../problems.ts';
import type { CompanionShape, RouteSource, RouteWish } from '../router.ts';

const resource: Resource = {
  group: 'gloo.solo.io',
  version: 'v1',
  plural: 'upstreams',
  kind: 'Upstream',
  namespaced: true,
};

/** What is copied from the Upstream that the Canary names, as Flagger does. */
const settings = [
  'sslConfig',
  'circuitBreakers',
  'connectionConfig',
  'loadBalancerConfig',
  'useHttp2',
  'initialStreamWindowSize',
  'initialConnectionWindowSize',
  'httpProxyHostname',
] as const;
const kubeKeys = ['serviceName', 'serviceNamespace', 'servicePort'] as const;
/** What an Upstream is, rather than how it is talked to. */
const elsewhere = ['kube', 'static', 'consul', 'discoveryMetadata', 'namespacedStatuses'];

/** The metrics of Gloo's proxy carry it: `shop-cart-canaryupstream-80_shop`. */
export function upstreamName({ namespace, spec }: RouteWish, service: string): string {
  return `${namespace}-${service}upstream-${spec.service?.port ?? 0}`;
}

export const upstreams: CompanionShape = {
  resource,
  madeFrom: 'upstreamRef',
  render: (wish) => {
    const { primary, canary } = backendNames(wish.apex);
    return [primary, canary].map((service) => upstream(wish, service));
  },
  merge: (live, wanted) => {
    const before = objectOf(live['spec']);
    const after = objectOf(wanted['spec']);
    const owned = settings.filter((key) => isRecordedField(live, key) || isRecordedField(wanted, key));
    const kube = overlay(objectOf(before['kube']), objectOf(after['kube']), kubeKeys);
    return {
      ...live,
      metadata: mergeMetadata(live.metadata, wanted.metadata),
      spec: overlay(before, { ...after, kube }, ['kube', ...owned]),
    };
  },
  fingerprint: (object) => {
    const spec = objectOf(object['spec']);
    return digest({
      metadata: countedMetadata(object),
      kube: overlay({}, objectOf(spec['kube']), kubeKeys),
      settings: overlay(
        {},
        spec,
        settings.filter((key) => isCountedField(object, key)),
      ),
    });
  },
};

function upstream(wish: RouteWish, service: string): KubeObject {
  const { namespace, owner, spec, source } = wish;
  const copied: JsonObject = overlay({}, objectOf(source?.['spec']), settings);
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: ownMetadata({
      name: upstreamName(wish, service),
      namespace,
      owner,
      labels: copiedMetadata(source).labels,
      fields: Object.keys(copied),
    }),
    spec: {
      ...copied,
      kube: { serviceName: service, serviceNamespace: namespace, servicePort: spec.service?.port },
    },
  };
}

export const upstreamSource: RouteSource = {
  resource,
  reference: 'upstreamRef',
  nameOf: ({ upstreamRef }: CanarySpec) => upstreamRef?.name,
  namespaceOf: ({ upstreamRef }) => upstreamRef?.namespace,
  problems: (_spec, source) => notCopied(source),
};

function notCopied({ spec }: KubeObject): readonly Problem[] {
  const known = new Set<string>([...settings, ...elsewhere]);
  const others = Object.keys(objectOf(spec)).filter((key) => !known.has(key));
  return others.length === 0
    ? []
    : [
        warning(['spec', 'upstreamRef'], {
          message: `names an Upstream with ${others.join(', ')}, which the Upstreams of a Canary do not get`,
          fix: 'set them on the Upstreams that Serin writes, where they stay',
        }),
      ];
}
