// The routes of a Canary, each as the spec that it means: what its entry says, laid over everything else.
import type { CanarySpec } from './canary.ts';
import { measuredEntry, providerOf } from './defaults.ts';
import { formatPath, parsePath, type Path } from './problem.ts';
import { referenceOverrides, serviceOverrides, type RouteEntry } from './route-entry.ts';

export interface SpecOfRoute {
  /** Where its entry is; empty for the one route of a Canary without a list. */
  readonly path: Path;
  readonly provider: string;
  /** What the object that Serin makes is called, where that is not like the Services. */
  readonly name: string | undefined;
  /** Without `routes`; its provider is the one above, whatever stands here. */
  readonly spec: CanarySpec;
}

/** In the order of the list; at least one. */
export function routesOf(spec: CanarySpec, defaultProvider: string): readonly SpecOfRoute[] {
  const { routes = [], ...rest } = spec;
  return routes.length === 0
    ? [{ path: [], provider: providerOf(spec, defaultProvider), name: undefined, spec: rest }]
    : routes.map((entry, index) => ({
        path: ['spec', 'routes', index],
        provider: entry.provider,
        name: entry.name,
        spec: specOfEntry(rest, entry),
      }));
}

/** The spec of the route whose requests the built-in metrics count. */
export function measuredSpec(spec: CanarySpec): CanarySpec {
  const entry = measuredEntry(spec);
  return entry === undefined ? spec : specOfEntry(spec, entry);
}

function specOfEntry({ routes: _all, ...spec }: CanarySpec, entry: RouteEntry): CanarySpec {
  const given = <Key extends keyof RouteEntry>(keys: readonly Key[]): Pick<RouteEntry, Key> | object =>
    Object.fromEntries(keys.flatMap((key) => (entry[key] === undefined ? [] : [[key, entry[key]]])));
  return {
    ...spec,
    ...given(referenceOverrides),
    ...(spec.service === undefined ? {} : { service: { ...spec.service, ...given(serviceOverrides) } }),
  };
}

/** A problem of one route, about the field that its author wrote. */
export function inEntry<Found extends { readonly field: string }>(
  { path }: SpecOfRoute,
  { routes = [] }: CanarySpec,
  problem: Found,
): Found {
  const entry = routes[Number(path[2])];
  const [, first = '', second = '', ...rest] = parsePath(problem.field);
  const inService = first === 'service' ? serviceOverrides.find((key) => key === second) : undefined;
  const direct = ['provider', ...referenceOverrides].find((key) => key === first);
  if (entry !== undefined && inService !== undefined && entry[inService] !== undefined) {
    return { ...problem, field: formatPath([...path, inService, ...rest]) };
  }
  if (entry !== undefined && direct !== undefined && Object.hasOwn(entry, direct)) {
    const behind = second === '' ? [] : [second, ...rest];
    return { ...problem, field: formatPath([...path, direct, ...behind]) };
  }
  return problem;
}
