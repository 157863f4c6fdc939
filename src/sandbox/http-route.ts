// HTTPRoute as the sandbox's gateway understands it: host names, matches, weighted Services, copies of requests and headers
// of answers; and the status that says so. A route with another filter is refused rather than half obeyed. Pure; may import model/ and zod.
import { z } from 'zod';
import type { KubeObject, Resource } from '../model/kube.ts';
import { Filter, headerChanges, isKnown } from './http-route-filters.ts';
import type { Backend, Rule, ValueMatch } from './route-table.ts';
import { wholePattern } from './route-table.ts';
import type { RouteReading } from './route-reading.ts';
import { condition } from './route-reading.ts';

export const httpRoutes: Resource = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  plural: 'httproutes',
  kind: 'HTTPRoute',
  namespaced: true,
};

const controllerName = 'serin.dev/sandbox';

const Value = z.looseObject({
  name: z.string(),
  value: z.string(),
  type: z.enum(['Exact', 'RegularExpression']).default('Exact'),
});

const Match = z.looseObject({
  path: z
    .looseObject({
      type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).default('PathPrefix'),
      value: z.string().default('/'),
    })
    .prefault({}),
  method: z.string().default(''),
  headers: z.array(Value).default([]),
  queryParams: z.array(Value).default([]),
});

const BackendRef = z.looseObject({
  kind: z.string().default('Service'),
  name: z.string(),
  namespace: z.string().optional(),
  port: z.number().int().default(80),
  weight: z.number().int().min(0).default(1),
  filters: z.array(Filter).default([]),
});

const Spec = z.looseObject({
  parentRefs: z.array(z.looseObject({ name: z.string() })).default([]),
  hostnames: z.array(z.string()).default([]),
  rules: z
    .array(
      z.looseObject({
        matches: z.array(Match).default([]),
        filters: z.array(Filter).default([]),
        backendRefs: z.array(BackendRef).default([]),
      }),
    )
    .default([]),
});

type Spec = z.infer<typeof Spec>;

const pathKinds = { Exact: 'exact', PathPrefix: 'prefix', RegularExpression: 'regex' } as const;

/** Never throws: what cannot be understood is refused in the status. */
export function readHttpRoute(route: KubeObject, hasService: (backend: Backend) => boolean): RouteReading {
  const parsed = Spec.safeParse(route['spec'] ?? {});
  if (!parsed.success) {
    return { rules: [], status: { parents: [] } };
  }
  const spec = parsed.data;
  const unsupported = spec.rules.some(
    ({ filters, backendRefs }) =>
      !filters.every(isKnown) ||
      backendRefs.some((ref) => ref.filters.some((filter) => filter.responseHeaderModifier === undefined)),
  );
  const rules = unsupported ? [] : rulesOf(route, spec);
  const missing = rules.flatMap(({ backends }) => backends).find((backend) => !hasService(backend));
  const conditions = [
    unsupported
      ? condition(route, ['Accepted', 'False', 'UnsupportedValue'], 'the sandbox knows this filter not')
      : condition(route, ['Accepted', 'True', 'Accepted'], 'the route is programmed'),
    missing === undefined
      ? condition(route, ['ResolvedRefs', 'True', 'ResolvedRefs'], 'all Services exist')
      : condition(
          route,
          ['ResolvedRefs', 'False', 'BackendNotFound'],
          `there is no Service ${missing.service}`,
        ),
  ];
  return {
    rules,
    status: { parents: spec.parentRefs.map((parentRef) => ({ parentRef, controllerName, conditions })) },
  };
}

function rulesOf(route: KubeObject, spec: Spec): Rule[] {
  const { namespace = 'default', name } = route.metadata;
  const hostnames = spec.hostnames.length === 0 ? [''] : spec.hostnames;
  return spec.rules.flatMap(({ matches, backendRefs, filters }, index) => {
    const backends = backendRefs.map((ref) => ({
      namespace: ref.namespace ?? namespace,
      service: ref.name,
      port: ref.port,
      weight: ref.weight,
      answers: headerChanges(ref.filters),
    }));
    const copies = filters.flatMap(({ requestMirror }) => {
      if (requestMirror === undefined) {
        return [];
      }
      const { backendRef: ref, percent } = requestMirror;
      const to = { namespace: ref.namespace ?? namespace, service: ref.name, port: ref.port, weight: 1 };
      return [{ to, percent }];
    });
    const all = matches.length === 0 ? [Match.parse({})] : matches;
    return hostnames.flatMap((hostname) =>
      all.map(({ path, method, headers, queryParams }) => ({
        id: `HTTPRoute ${namespace}/${name} ${index}`,
        hostname: hostname.toLowerCase(),
        path: { kind: pathKinds[path.type], value: path.value },
        method,
        headers: headers.map(valueMatch),
        parameters: queryParams.map(valueMatch),
        backends,
        copies,
        answers: headerChanges(filters),
      })),
    );
  });
}

function valueMatch({ name, value, type }: z.infer<typeof Value>): ValueMatch {
  const pattern = type === 'RegularExpression' ? wholePattern(value) : undefined;
  return { name, fits: (found) => found !== undefined && (pattern?.test(found) ?? found === value) };
}
