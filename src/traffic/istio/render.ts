// From a Canary to the spec of its VirtualService (Istio 1.30, VirtualService). The first rule that matches a request
// counts, so the order of the rules is part of their meaning.
import type { Service } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { backendNames } from '../live.ts';
import { canaryMatches, isMatched, sortedEntries, type RequestMatch } from '../matches.ts';
import type { RouteWish } from '../router.ts';
import { stickinessOf } from '../sticky.ts';

const COOKIE = 'cookie';

export function specOf(wish: RouteWish): JsonObject {
  const { apex, spec } = wish;
  const { service } = spec;
  return {
    ...(service?.delegation === true
      ? {}
      : { hosts: hostsOf(service?.hosts ?? [], apex), gateways: gatewaysOf(service) }),
    ...(isTcp(service) ? { tcp: [tcpRule(wish)] } : { http: httpRules(wish) }),
  };
}

/** In-mesh callers use the apex, so it is a host beside those of the user, unless they name it or everything. */
function hostsOf(hosts: readonly string[], apex: string): readonly string[] {
  return hosts.includes(apex) || hosts.includes('*') ? hosts : [...hosts, apex];
}

function gatewaysOf(service: Service | undefined): readonly string[] {
  const gateways = service?.gateways ?? [];
  return gateways.length === 0 ? ['mesh'] : gateways;
}

export function isTcp(service: Service | undefined): boolean {
  return service?.appProtocol?.toLowerCase() === 'tcp';
}

interface Backend {
  readonly name: string;
  readonly weight: number;
  /** `Set-Cookie` of its answers. */
  readonly setCookie?: string | undefined;
}

function httpRules(wish: RouteWish): readonly JsonObject[] {
  const { apex, spec, split } = wish;
  const names = backendNames(apex);
  const sticky = stickinessOf(wish);
  const written = spec.service?.match ?? [];
  const rule = (
    matches: readonly RequestMatch[],
    backends: readonly Backend[],
    extra: JsonObject = {},
  ): JsonObject => ({
    ...ifFilled('match', matches.map(matchOf)),
    ...policiesOf(spec.service),
    ...extra,
    route: backends.map((backend) => destination(wish, backend)),
  });
  const both = [
    { name: names.primary, weight: split.primary, setCookie: sticky.setCookie.primary },
    { name: names.canary, weight: split.canary, setCookie: sticky.setCookie.canary },
  ];
  const chosen = isMatched(spec) ? canaryMatches(spec, { sourceLabels: true }) : written;
  return [
    ...sticky.rules.map(({ pattern, to, setCookie }) =>
      rule(withCookie(written, pattern), [{ name: names[to], weight: 100, setCookie }]),
    ),
    ...(isMatched(spec) && chosen.length === 0 ? [] : [rule(chosen, both, mirrorOf(wish))]),
    ...(isMatched(spec) ? [rule(written, [{ name: names.primary, weight: 100 }])] : []),
  ];
}

function withCookie(written: readonly RequestMatch[], pattern: string): readonly RequestMatch[] {
  return (written.length === 0 ? [{}] : written).map((match) => ({
    ...match,
    headers: { ...match.headers, [COOKIE]: { regex: pattern } },
  }));
}

/** What Istio knows of a match is written as the Canary has it; a matcher without a value means "is present". */
function matchOf(match: RequestMatch): JsonObject {
  const { headers, queryParams, withoutHeaders, ...rest } = match;
  return {
    ...rest,
    ...ifFilled('headers', Object.fromEntries(sortedEntries(headers))),
    ...ifFilled('queryParams', Object.fromEntries(sortedEntries(queryParams))),
    ...ifFilled('withoutHeaders', Object.fromEntries(sortedEntries(withoutHeaders))),
  };
}

function destination(wish: RouteWish, { name, weight, setCookie }: Backend): JsonObject {
  return {
    destination: hostOf(wish, name),
    weight,
    ...(setCookie === undefined ? {} : { headers: { response: { add: { 'Set-Cookie': setCookie } } } }),
  };
}

/** A Service with several ports has to be told which one; inside the mesh the port of the request says it. */
function hostOf({ spec: { service } }: RouteWish, host: string): JsonObject {
  const [first = 'mesh'] = service?.gateways ?? [];
  const named = service?.portDiscovery === true && (service.delegation === true || first !== 'mesh');
  return { host, ...(named ? { port: { number: service.port } } : {}) };
}

function mirrorOf(wish: RouteWish): JsonObject {
  const { mirrorPercent, apex } = wish;
  return mirrorPercent === undefined
    ? {}
    : {
        mirror: hostOf(wish, backendNames(apex).canary),
        // Left out means all: the form that Flagger writes.
        ...(mirrorPercent === 100 ? {} : { mirrorPercentage: { value: mirrorPercent } }),
      };
}

function policiesOf(service: Service | undefined): JsonObject {
  const { rewrite, timeout = '', retries, corsPolicy, headers } = service ?? {};
  const { uri = '', authority = '' } = rewrite ?? {};
  return {
    ...ifFilled('rewrite', { ...(uri === '' ? {} : { uri }), ...(authority === '' ? {} : { authority }) }),
    ...(timeout === '' ? {} : { timeout }),
    ...ifFilled('retries', retries ?? {}),
    ...ifFilled('corsPolicy', corsPolicy ?? {}),
    ...ifFilled('headers', headers ?? {}),
  };
}

function tcpRule(wish: RouteWish): JsonObject {
  const { apex, spec, split } = wish;
  const names = backendNames(apex);
  const ports = (spec.service?.match ?? []).flatMap(({ port }) => (port === undefined ? [] : [{ port }]));
  return {
    ...ifFilled('match', ports),
    route: [
      destination(wish, { name: names.primary, weight: split.primary }),
      destination(wish, { name: names.canary, weight: split.canary }),
    ],
  };
}

function ifFilled(key: string, value: object): JsonObject {
  return Object.keys(value).length === 0 ? {} : { [key]: value };
}
