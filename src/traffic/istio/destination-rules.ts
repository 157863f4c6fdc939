// One DestinationRule for each side, with the traffic policy of the Canary. Subsets and whatever else others add stay.
import { digest } from '../../model/hash.ts';
import { objectOf, overlay } from '../../model/json.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../../model/kube.ts';
import {
  countedMetadata,
  isCountedField,
  isRecordedField,
  mergeMetadata,
  ownMetadata,
} from '../../model/metadata.ts';
import { backendNames } from '../live.ts';
import type { CompanionShape, RouteWish } from '../router.ts';
import { normalValue } from './normal.ts';

const POLICY = 'trafficPolicy';

export function destinationRules(version: 'v1' | 'v1beta1'): CompanionShape {
  const resource: Resource = {
    group: 'networking.istio.io',
    version,
    plural: 'destinationrules',
    kind: 'DestinationRule',
    namespaced: true,
  };
  return {
    resource,
    render: (wish) => {
      const { primary, canary } = backendNames(wish.apex);
      return [canary, primary].map((host) => destinationRule(resource, wish, host));
    },
    merge: (live, wanted) => {
      // A policy that somebody else wrote stays where the Canary has none.
      const owned = isRecordedField(live, POLICY) || isRecordedField(wanted, POLICY);
      return {
        ...live,
        metadata: mergeMetadata(live.metadata, wanted.metadata),
        spec: overlay(objectOf(live['spec']), objectOf(wanted['spec']), ['host', ...(owned ? [POLICY] : [])]),
      };
    },
    fingerprint: (object) => {
      const { host, trafficPolicy } = objectOf(object['spec']);
      return digest({
        metadata: countedMetadata(object),
        host,
        trafficPolicy: isCountedField(object, POLICY) ? normalValue(trafficPolicy) : undefined,
      });
    },
  };
}

function destinationRule(
  resource: Resource,
  { namespace, owner, spec }: RouteWish,
  host: string,
): KubeObject {
  const trafficPolicy = spec.service?.trafficPolicy;
  const fields = trafficPolicy === undefined ? [] : [POLICY];
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: ownMetadata({ name: host, namespace, owner, fields }),
    spec: { host, ...(trafficPolicy === undefined ? {} : { trafficPolicy }) },
  };
}
