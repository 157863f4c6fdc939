// What the specs of all routes of the Gateway API have in common: parents, host names, and rules whose backends carry the
// split. A kind of route adds how a match is written and what else its rules say. Fields and defaults: Gateway API v1.6.
// Values that the API server would default are spelled out, so that what is stored is what was sent.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { GatewayRef, Service } from '../../api/service.ts';
import { objectsOf, type JsonObject } from '../../model/json.ts';
import type { Split } from '../../model/split.ts';
import { isCookieHeader } from '../cookie-matches.ts';
import { backendNames } from '../live.ts';
import { canaryMatches, isMatched, routeMatches, sortedEntries, type RequestMatch } from '../matches.ts';
import type { RouteWish } from '../router.ts';
import { stickinessOf, type Stickiness } from '../sticky.ts';
import { copiesTo, ifFilled, settingCookie } from './filters.ts';

/** How one kind of route writes its rules. */
export interface RuleDialect {
  /**
   * One entry of `matches`; empty: every request. undefined for a matcher that the kind lacks: the entry is left out, never
   * widened, and refused before by the problems.
   */
  readonly matchOf: (match: RequestMatch) => JsonObject | undefined;
  readonly filtersOf: (service: Service | undefined) => readonly JsonObject[];
  /** What else each rule says. */
  readonly policiesOf: (service: Service | undefined) => JsonObject;
}

export function routeSpec(wish: RouteWish, dialect: RuleDialect): JsonObject {
  const { spec } = wish;
  const matchesOf = (list: readonly RequestMatch[]): readonly JsonObject[] =>
    list.map((match) => dialect.matchOf(match)).filter((match) => match !== undefined);
  const everybody = matchesOf(routeMatches(spec));
  const chosen = isMatched(spec) ? matchesOf(canaryMatches(spec)) : everybody;
  const rest = { matches: everybody, backendRefs: [backend(wish, 'primary', { weight: 100 })] };
  const { split, cookies } = chosenRules(wish, chosen);
  return {
    ...attachmentOf(spec.service),
    // A match with a condition more counts first, wherever it stands. So rules for cookies, which come and go, stand last: Envoy
    // Gateway names its clusters by the place of a rule, and with others before it, everybody went astray for a moment.
    rules: [split, ...(isMatched(spec) ? [rest] : []), ...cookies]
      .filter(({ matches }) => matches.length > 0)
      .map((parts) => ruleOf(spec.service, parts, dialect)),
  };
}

/** What a route belongs to, and the hosts that it answers for. */
export function attachmentOf(service: Service | undefined): JsonObject {
  return {
    parentRefs: (service?.gatewayRefs ?? []).map(parentRef),
    ...ifFilled('hostnames', service?.hosts ?? []),
  };
}

/** Primary and canary with their weights. */
export function backendsOf(
  wish: RouteWish,
  split: Split,
  setCookie: Stickiness['setCookie'] = {},
): readonly JsonObject[] {
  return [
    backend(wish, 'primary', { weight: split.primary, cookie: setCookie.primary }),
    backend(wish, 'canary', { weight: split.canary, cookie: setCookie.canary }),
  ];
}

interface RuleParts {
  readonly matches: readonly JsonObject[];
  readonly backendRefs: readonly JsonObject[];
  readonly copies?: readonly JsonObject[];
  /** What the answers of a lone backend set. */
  readonly cookie?: string | undefined;
}

interface ChosenRules {
  readonly split: RuleParts;
  readonly cookies: readonly RuleParts[];
}

/** Rules for cookies name one backend each: so nobody takes them for the rule that carries the split. */
function chosenRules(wish: RouteWish, matches: readonly JsonObject[]): ChosenRules {
  const { apex, spec, split, mirrorPercent } = wish;
  const { rules, setCookie } = stickinessOf(wish);
  const copies =
    mirrorPercent === undefined
      ? []
      : [copiesTo(backendNames(apex).canary, spec.service?.port, mirrorPercent)];
  return {
    split: { matches, copies, backendRefs: backendsOf(wish, split, setCookie) },
    cookies: rules.map(({ pattern, to, setCookie: cookie }) => ({
      matches: withCookie(matches, pattern),
      backendRefs: [backend(wish, to, { weight: 100 })],
      cookie,
    })),
  };
}

function ruleOf(
  service: Service | undefined,
  { matches, backendRefs, copies = [], cookie }: RuleParts,
  { filtersOf, policiesOf }: RuleDialect,
): JsonObject {
  const all = matches.some((match) => Object.keys(match).length === 0);
  const filters = [...filtersOf(service), ...copies];
  const setting = cookie === undefined ? [] : [settingCookie(cookie)];
  // A rule takes one filter of a type. Beside a lone backend Contour (1.33) overlooks this one, so it stands there only if it must.
  const taken = filters.some(({ type }) => setting.some((one) => one['type'] === type));
  return {
    ...(all ? {} : { matches }),
    ...ifFilled('filters', taken ? filters : [...filters, ...setting]),
    ...policiesOf(service),
    backendRefs: taken ? backendRefs.map((ref) => ({ ...ref, filters: setting })) : backendRefs,
  };
}

function backend(
  { apex, spec }: RouteWish,
  role: 'primary' | 'canary',
  { weight, cookie }: { readonly weight: number; readonly cookie?: string | undefined },
): JsonObject {
  const port = spec.service?.port;
  return {
    group: '',
    kind: 'Service',
    name: backendNames(apex)[role],
    port,
    weight,
    ...(cookie === undefined ? {} : { filters: [settingCookie(cookie)] }),
  };
}

/** The API takes one condition for a header: a match that has one for cookies is left out, and refused by the problems. */
function withCookie(matches: readonly JsonObject[], pattern: string): readonly JsonObject[] {
  const cookie = { name: 'Cookie', type: 'RegularExpression', value: pattern };
  return matches
    .filter(({ headers }) => !objectsOf(headers).some(({ name }) => isCookieHeader(String(name))))
    .map((match) => ({ ...match, headers: [...objectsOf(match['headers']), cookie] }));
}

function parentRef({ group, kind, namespace, name, sectionName, port }: GatewayRef): JsonObject {
  return {
    group,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(sectionName === undefined ? {} : { sectionName }),
    ...(port === undefined ? {} : { port }),
  };
}

/** Conditions on headers or query parameters by name; undefined where one of them cannot be said. */
export function conditionsOf(
  matchers: Readonly<Record<string, HeaderMatch>> | undefined,
): readonly JsonObject[] | undefined {
  const conditions = sortedEntries(matchers).flatMap(([name, { exact, regex }]) => {
    if (exact !== undefined) {
      return { name, type: 'Exact', value: exact };
    }
    return regex === undefined ? [] : { name, type: 'RegularExpression', value: regex };
  });
  return conditions.length === Object.keys(matchers ?? {}).length ? conditions : undefined;
}
