// From a Canary to the spec of its VirtualServer (k8s.nginx.org/v1, F5 NGINX Ingress Controller 5). Upstreams are called like
// their Services. A split may neither be 0 nor 100 there: what gets everything is passed everything.
import type { StringMatch } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { allPrimary, type Split } from '../../model/split.ts';
import { backendNames } from '../live.ts';
import { canaryMatches, isMatched, routeMatches, sortedEntries, type RequestMatch } from '../matches.ts';
import type { RouteWish } from '../router.ts';

export function specOf({ apex, spec, split, ingressClass }: RouteWish): JsonObject {
  const { service } = spec;
  const { primary, canary } = backendNames(apex);
  const upstream = (name: string): JsonObject => ({ name, service: name, port: service?.port });
  const paths = [...new Set(routeMatches(spec).map(({ uri }) => pathOf(uri)))];
  return {
    ...(ingressClass === '' ? {} : { ingressClassName: ingressClass }),
    host: service?.hosts?.[0],
    upstreams: [upstream(primary), upstream(canary)],
    routes: paths.map((path) => ({
      path,
      ...(isMatched(spec)
        ? { matches: matchesOf(spec, { apex, split }), ...splitTo(apex, allPrimary) }
        : splitTo(apex, split)),
    })),
  };
}

/** Which requests see the canary: each entry of its own, in order; the first that fits counts. */
function matchesOf(
  spec: RouteWish['spec'],
  { apex, split }: { readonly apex: string; readonly split: Split },
): readonly JsonObject[] {
  // The path is that of the route around it, so one entry of the route is enough.
  const [whole = {}] = routeMatches(spec);
  const chosen = canaryMatches({
    ...spec,
    ...(spec.service === undefined ? {} : { service: { ...spec.service, match: [whole] } }),
  });
  return chosen.map((match) => ({ conditions: conditionsOf(match), ...splitTo(apex, split) }));
}

function conditionsOf({ headers, queryParams }: RequestMatch): readonly JsonObject[] {
  return [
    ...sortedEntries(headers).map(([header, { exact }]) => ({ header, value: exact })),
    ...sortedEntries(queryParams).map(([argument, { exact }]) => ({ argument, value: exact })),
  ];
}

export function splitTo(apex: string, { primary: share, canary: rest }: Split): JsonObject {
  const { primary, canary } = backendNames(apex);
  if (rest <= 0 || share <= 0) {
    return { action: { pass: rest <= 0 ? primary : canary } };
  }
  return {
    splits: [
      { weight: share, action: { pass: primary } },
      { weight: rest, action: { pass: canary } },
    ],
  };
}

/** NGINX's way to write a location: `=` for the path itself, `~` for an expression. */
export function pathOf(uri: StringMatch | undefined): string {
  if (uri?.regex !== undefined) {
    return `~ ${uri.regex}`;
  }
  return uri?.exact === undefined ? (uri?.prefix ?? '/') : `=${uri.exact}`;
}
