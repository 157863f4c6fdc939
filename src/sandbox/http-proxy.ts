// Contour's HTTPProxy as the sandbox's gateway understands it: a root with a host name, what it includes, conditions and
// weighted Services; and the status that says so. Pure; may import model/ and zod.
import { z } from 'zod';
import type { KubeObject, Resource } from '../model/kube.ts';
import { keyOf } from '../model/kube.ts';
import { condition } from './route-reading.ts';
import type { RouteReading } from './route-reading.ts';
import { wholePattern } from './route-table.ts';
import type { Backend, PathMatch, Rule, ValueMatch } from './route-table.ts';

export const httpProxies: Resource = {
  group: 'projectcontour.io',
  version: 'v1',
  plural: 'httpproxies',
  kind: 'HTTPProxy',
  namespaced: true,
};

const Header = z.looseObject({
  name: z.string(),
  exact: z.string().optional(),
  notexact: z.string().optional(),
  contains: z.string().optional(),
  notcontains: z.string().optional(),
  regex: z.string().optional(),
  present: z.boolean().optional(),
  notpresent: z.boolean().optional(),
});

const MatchCondition = z.looseObject({
  prefix: z.string().optional(),
  exact: z.string().optional(),
  regex: z.string().optional(),
  header: Header.optional(),
});

type MatchCondition = z.infer<typeof MatchCondition>;

const conditions = z.array(MatchCondition).default([]);

const Spec = z.looseObject({
  virtualhost: z.looseObject({ fqdn: z.string() }).optional(),
  includes: z
    .array(z.looseObject({ name: z.string(), namespace: z.string().optional(), conditions }))
    .default([]),
  routes: z
    .array(
      z.looseObject({
        conditions,
        services: z
          .array(
            z.looseObject({
              name: z.string(),
              port: z.number().int(),
              weight: z.number().int().min(0).optional(),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

type Spec = z.infer<typeof Spec>;

interface Visit {
  readonly hostname: string;
  readonly conditions: readonly MatchCondition[];
  /** Keys of the proxies on the way here: an include that leads back is not followed. */
  readonly path: readonly string[];
}

/** All proxies together, because a root makes its includes what they are; the answer is by key. Never throws. */
export function readHttpProxies(
  proxies: readonly KubeObject[],
  hasService: (backend: Backend) => boolean,
): ReadonlyMap<string, RouteReading> {
  const specs = new Map<string, Spec>();
  for (const proxy of proxies) {
    const parsed = Spec.safeParse(proxy['spec'] ?? {});
    if (parsed.success) {
      specs.set(keyOf(proxy.metadata), parsed.data);
    }
  }
  const rules = new Map<string, Rule[]>();
  const visit = (key: string, { hostname, conditions: inherited, path }: Visit): void => {
    const spec = specs.get(key);
    if (spec === undefined || path.includes(key)) {
      return;
    }
    const own = rulesOf(key, spec, { hostname, conditions: inherited, path });
    rules.set(key, [...(rules.get(key) ?? []), ...own]);
    for (const include of spec.includes) {
      const [namespace = 'default'] = key.split('/');
      visit(keyOf({ namespace: include.namespace ?? namespace, name: include.name }), {
        hostname,
        conditions: [...inherited, ...include.conditions],
        path: [...path, key],
      });
    }
  };
  for (const [key, { virtualhost }] of specs) {
    if (virtualhost !== undefined) {
      visit(key, { hostname: virtualhost.fqdn.toLowerCase(), conditions: [], path: [] });
    }
  }
  return new Map(
    proxies.map((proxy) => [
      keyOf(proxy.metadata),
      readingOf(proxy, rules.get(keyOf(proxy.metadata)), hasService),
    ]),
  );
}

function readingOf(
  proxy: KubeObject,
  rules: readonly Rule[] | undefined,
  hasService: (backend: Backend) => boolean,
): RouteReading {
  const say = (currentStatus: string, reason: string, description: string): RouteReading['status'] => ({
    currentStatus,
    description,
    conditions: [
      condition(proxy, ['Valid', currentStatus === 'valid' ? 'True' : 'False', reason], description),
    ],
  });
  if (rules === undefined) {
    return {
      rules: [],
      status: say('orphaned', 'Orphaned', 'this HTTPProxy is not part of a delegation chain from a root'),
    };
  }
  const missing = rules.flatMap(({ backends }) => backends).find((backend) => !hasService(backend));
  return missing === undefined
    ? { rules, status: say('valid', 'Valid', 'Valid HTTPProxy') }
    : { rules, status: say('invalid', 'ErrorPresent', `there is no Service ${missing.service}`) };
}

function rulesOf(key: string, spec: Spec, { hostname, conditions: inherited }: Visit): Rule[] {
  const [namespace = 'default'] = key.split('/');
  return spec.routes.map((route, index) => {
    const all = [...inherited, ...route.conditions];
    // Contour: where no service has a weight, all have the same.
    const weighted = route.services.some(({ weight = 0 }) => weight > 0);
    return {
      id: `HTTPProxy ${key} ${index}`,
      hostname,
      path: pathOf(all),
      method: '',
      headers: all.flatMap(({ header }) => (header === undefined ? [] : [headerMatch(header)])),
      parameters: [],
      backends: route.services.map(({ name, port, weight = 0 }) => ({
        namespace,
        service: name,
        port,
        weight: weighted ? weight : 1,
      })),
    };
  });
}

/** The prefixes of includes and route follow each other; an exact path or a pattern stands behind them. */
function pathOf(all: readonly MatchCondition[]): PathMatch {
  const prefix = joined(all.map((found) => found.prefix ?? ''));
  const exact = all.find((found) => found.exact !== undefined)?.exact;
  const regex = all.find((found) => found.regex !== undefined)?.regex;
  if (exact !== undefined) {
    return { kind: 'exact', value: joined([prefix, exact]) };
  }
  return regex === undefined
    ? { kind: 'prefix', value: prefix || '/' }
    : { kind: 'regex', value: joined([prefix, regex]) };
}

function joined(parts: readonly string[]): string {
  return parts.join('').replaceAll(/\/+/g, '/');
}

function headerMatch(header: z.infer<typeof Header>): ValueMatch {
  const { name, exact, notexact, contains, notcontains, regex, present, notpresent } = header;
  const pattern = regex === undefined ? undefined : wholePattern(regex);
  const tests: ((value: string | undefined) => boolean)[] = [
    ...(exact === undefined ? [] : [(value?: string) => value === exact]),
    ...(notexact === undefined ? [] : [(value?: string) => value !== notexact]),
    ...(contains === undefined ? [] : [(value?: string) => value?.includes(contains) === true]),
    ...(notcontains === undefined ? [] : [(value?: string) => value?.includes(notcontains) !== true]),
    ...(pattern === undefined ? [] : [(value?: string) => value !== undefined && pattern.test(value)]),
    ...(present === true ? [(value?: string) => value !== undefined] : []),
    ...(notpresent === true ? [(value?: string) => value === undefined] : []),
  ];
  return { name, fits: (value) => tests.every((test) => test(value)) };
}
