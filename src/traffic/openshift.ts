// OpenShift: the weights of the backends of a Route, which is the user's own: its host is bound to whoever made it first. One
// backend stands in `to`, the others in `alternateBackends`; no weight may be above 256 (route.openshift.io/v1).
import { numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import { borrowedRoute } from './borrowed-route.ts';
import { byName } from './live.ts';
import { reshaped } from './reshaped.ts';
import type { Acceptance, TrafficRouter } from './router.ts';

/** The API's own. */
const DEFAULT_WEIGHT = 100;

function toRules(route: KubeObject): KubeObject {
  const { to, alternateBackends, ...rest } = objectOf(route['spec']);
  return to === undefined
    ? route
    : { ...route, spec: { ...rest, rules: [{ backends: [objectOf(to), ...objectsOf(alternateBackends)] }] } };
}

function fromRules(route: KubeObject): KubeObject {
  const { rules, ...rest } = objectOf(route['spec']);
  const [to, ...alternateBackends] = objectsOf(objectsOf(rules)[0]?.['backends']);
  return {
    ...route,
    spec: { ...rest, to, ...(alternateBackends.length === 0 ? {} : { alternateBackends }) },
  };
}

/** Every router that shows the Route has admitted it; they do not say which generation. */
function acceptanceOf({ status }: KubeObject): Acceptance {
  const admissions = objectsOf(objectOf(status)['ingress']).map(({ conditions, routerName }) => ({
    router: textOf(routerName) ?? '',
    admitted: objectsOf(conditions).find(({ type }) => type === 'Admitted'),
  }));
  const refused = admissions.find(({ admitted }) => admitted?.['status'] !== 'True');
  if (admissions.length === 0) {
    return { state: 'pending', message: 'no router has admitted it yet' };
  }
  return refused === undefined
    ? { state: 'accepted', message: '' }
    : {
        state: 'pending',
        message: `router ${refused.router} has not admitted it: ${textOf(refused.admitted?.['message']) ?? 'no reason is given'}`,
      };
}

export const openshift: TrafficRouter = {
  provider: 'openshift',
  capabilities: { weighted: true, serviceFields: [], acceptance: true, tcp: true },
  borrows: 'Route',
  route: reshaped(
    borrowedRoute({
      resource: {
        group: 'route.openshift.io',
        version: 'v1',
        plural: 'routes',
        kind: 'Route',
        namespaced: true,
        aggregated: true,
      },
      keys: { rules: ['rules'], backends: 'backends' },
      serviceIn: () => ({
        of: ({ kind = 'Service', name }) => (kind === 'Service' ? textOf(name) : undefined),
        set: (backend: JsonObject, name) => ({ kind: 'Service', ...byName.set(backend, name) }),
      }),
      weightOf: ({ weight }) => numberOf(weight) ?? DEFAULT_WEIGHT,
      acceptanceOf,
    }),
    { toRules, fromRules },
  ),
};
