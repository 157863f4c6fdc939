// AWS Load Balancer Controller: the weights of target groups in an annotation of the user's Ingress,
// `alb.ingress.kubernetes.io/actions.<name>`, to which its paths lead by the port `use-annotation`. One Ingress may have an action
// for each of several Services.
import { isJsonObject, numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../model/json.ts';
import { sameJson } from '../model/hash.ts';
import { resources, type KubeObject } from '../model/kube.ts';
import { borrowedRoute } from './borrowed-route.ts';
import { byServiceName } from './live.ts';
import { reshaped } from './reshaped.ts';
import type { TrafficRouter } from './router.ts';

const ACTION = 'alb.ingress.kubernetes.io/actions.';

/** Actions that forward, as a list beside the rest of the spec; whatever else an annotation says is left alone. */
function toRules(ingress: KubeObject): KubeObject {
  const spec = objectOf(ingress['spec']);
  return spec['actions'] === undefined
    ? { ...ingress, spec: { ...spec, actions: actionsIn(ingress) } }
    : ingress;
}

interface Action extends JsonObject {
  readonly key: string;
  readonly action: JsonObject;
}

function actionsIn({ metadata: { annotations = {} } }: KubeObject): readonly Action[] {
  return Object.entries(annotations).flatMap(([key, text]) => {
    const action = key.startsWith(ACTION) ? parsed(text) : undefined;
    return action?.['type'] === 'forward' ? [{ key, action }] : [];
  });
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An action that means what it meant keeps its text, blanks and all. */
function fromRules(route: KubeObject, live: KubeObject): KubeObject {
  const { actions, ...spec } = objectOf(route['spec']);
  const written = objectsOf(actions).flatMap(({ key, action }) => {
    const name = textOf(key);
    const before = name === undefined ? undefined : live.metadata.annotations?.[name];
    const same = before !== undefined && sameJson(parsed(before), action);
    return name === undefined || same ? [] : [[name, JSON.stringify(action)] as const];
  });
  const { annotations, ...metadata } = route.metadata;
  const all = { ...annotations, ...Object.fromEntries(written) };
  return {
    ...route,
    metadata: { ...metadata, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) },
    ...(Object.keys(spec).length === 0 && route['spec'] === undefined ? {} : { spec }),
  };
}

export const alb: TrafficRouter = {
  provider: 'alb',
  capabilities: { weighted: true, serviceFields: [], acceptance: false },
  borrows: 'Ingress',
  route: reshaped(
    borrowedRoute({
      resource: resources.ingresses,
      reference: 'ingressRef',
      keys: { rules: ['actions'], backends: 'action.forwardConfig.targetGroups' },
      serviceIn: () => byServiceName,
      // A lone group gets everything, whatever it says; among several one without a weight has 1.
      weightOf: ({ weight }) => numberOf(weight) ?? 1,
      acceptanceOf: () => ({ state: 'unknown', message: '' }),
    }),
    { toRules, fromRules },
  ),
};
