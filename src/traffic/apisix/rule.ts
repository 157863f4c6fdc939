// Rules of an ApisixRoute (apisix.apache.org/v2, ingress controller 1.8 and 2.2): where they lead, and with which weights.
import { numberOf, objectOf, objectsOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject, Resource } from '../../model/kube.ts';
import { byServiceName } from '../live.ts';

export const resource: Resource = {
  group: 'apisix.apache.org',
  version: 'v2',
  plural: 'apisixroutes',
  kind: 'ApisixRoute',
  namespaced: true,
};

/** What the controller takes a missing weight for. */
const DEFAULT_WEIGHT = 100;

export function servicesOf(rule: JsonObject): readonly string[] {
  return objectsOf(rule['backends']).map((backend) => byServiceName.of(backend) ?? '');
}

export function weightsOf(rule: JsonObject): Readonly<Record<string, number>> {
  return Object.fromEntries(
    objectsOf(rule['backends']).map((backend) => [
      byServiceName.of(backend) ?? '',
      numberOf(backend['weight']) ?? DEFAULT_WEIGHT,
    ]),
  );
}

/** The rules of the user's that lead to the apex, in their order; of these the first is continued, as by Flagger. */
export function rulesTo(apex: string, route: KubeObject | undefined): readonly JsonObject[] {
  return objectsOf(objectOf(route?.['spec'])['http']).filter((rule) => servicesOf(rule).includes(apex));
}
