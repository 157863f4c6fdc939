// From a Canary to what divides its requests: in the later version the spec of a VirtualRouter, in the earlier one that of a
// VirtualService, which has its router in it.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { CanarySpec } from '../../api/canary.ts';
import { parseDurationMs } from '../../api/duration.ts';
import type { Service } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { backendNames } from '../live.ts';
import { isMatched, sortedEntries } from '../matches.ts';
import type { RouteWish } from '../router.ts';
import { inMs, portMapping, type Dialect } from './dialect.ts';

const DEFAULT_TRIES = 1;
const DEFAULT_TRY_MS = 250;
const DEFAULT_EVENTS = ['gateway-error'];

/** What divides the requests for the apex Service. */
export function specOf(wish: RouteWish, dialect: Dialect): JsonObject {
  const { apex, spec, split } = wish;
  const both = targets(wish, dialect, split);
  const everybody = { priority: 20, weightedTargets: targets(wish, dialect, { primary: 100 }) };
  const headers = headersOf(spec);
  return routerSpec(
    wish,
    dialect,
    apex,
    isMatched(spec)
      ? [
          ...(headers === undefined
            ? []
            : [rule(wish, dialect, `${apex}-a`, { priority: 10, headers, weightedTargets: both })]),
          rule(wish, dialect, `${apex}-b`, everybody),
        ]
      : [rule(wish, dialect, apex, { weightedTargets: both })],
  );
}

/** Of the canary, under an address of its own: all requests, whatever the split. */
export function canarySpecOf(wish: RouteWish, dialect: Dialect): JsonObject {
  const { canary } = backendNames(wish.apex);
  const weightedTargets = targets(wish, dialect, { primary: 0, canary: 100 });
  return routerSpec(wish, dialect, canary, [rule(wish, dialect, canary, { weightedTargets })]);
}

function routerSpec(
  { spec }: RouteWish,
  dialect: Dialect,
  name: string,
  routes: readonly JsonObject[],
): JsonObject {
  const listeners = [{ portMapping: portMapping(spec.service, dialect) }];
  return dialect.version === 'v1beta1'
    ? { meshName: spec.service?.meshName, virtualRouter: { name, listeners }, routes }
    : { listeners, routes };
}

function targets(
  { apex }: RouteWish,
  { node }: Dialect,
  { primary, canary }: { readonly primary: number; readonly canary?: number },
): readonly JsonObject[] {
  const names = backendNames(apex);
  return [
    ...(canary === undefined ? [] : [{ ...node.set({}, names.canary), weight: canary }]),
    { ...node.set({}, names.primary), weight: primary },
  ];
}

interface RuleParts {
  /** The lowest is looked at first. */
  readonly priority?: number;
  readonly headers?: readonly JsonObject[];
  readonly weightedTargets: readonly JsonObject[];
}

function rule(
  { spec }: RouteWish,
  dialect: Dialect,
  name: string,
  { priority, headers, weightedTargets }: RuleParts,
): JsonObject {
  const { service } = spec;
  const conditions =
    headers === undefined ? {} : { [dialect.rule === 'grpcRoute' ? 'metadata' : 'headers']: headers };
  const match = dialect.rule === 'grpcRoute' ? conditions : { prefix: prefixOf(service), ...conditions };
  return {
    name,
    ...(priority === undefined ? {} : { priority }),
    [dialect.rule]: { match, action: { weightedTargets }, ...policiesOf(service, dialect) },
  };
}

/** Of all matches of the Canary the only thing that is asked for. */
function prefixOf(service: Service | undefined): string {
  const prefix = service?.match?.[0]?.uri?.prefix ?? '';
  return prefix === '' ? '/' : prefix;
}

/** All of them must hold. undefined where one cannot be expressed: without it more users would see the canary. */
function headersOf({ analysis }: CanarySpec): readonly JsonObject[] | undefined {
  const entries = analysis.match ?? [];
  const plain = entries.every(
    ({ headers = {}, queryParams = {}, sourceLabels = {} }) =>
      Object.keys(headers).length > 0 && Object.keys({ ...queryParams, ...sourceLabels }).length === 0,
  );
  return plain ? entries.flatMap(({ headers }) => sortedEntries(headers).map(headerMatcher)) : undefined;
}

/** A header without a matcher is one that must be there. */
function headerMatcher([name, matcher]: readonly [string, HeaderMatch]): JsonObject {
  const [given] = Object.entries(matcher);
  return given === undefined ? { name } : { name, match: Object.fromEntries([given]) };
}

function policiesOf(service: Service | undefined, dialect: Dialect): JsonObject {
  const { retries } = service ?? {};
  const timeout = timeoutOf(service, dialect);
  const attempts = retries?.attempts ?? 0;
  return {
    ...(retries === undefined
      ? {}
      : {
          retryPolicy: {
            maxRetries: attempts > 0 ? attempts : DEFAULT_TRIES,
            ...dialect.tryTimeout(parseDurationMs(retries.perTryTimeout ?? '') ?? DEFAULT_TRY_MS),
            httpRetryEvents: retryWords(retries.retryOn),
          },
        }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

/** Only the later version has one for requests. */
export function timeoutOf(service: Service | undefined, { version }: Dialect): JsonObject | undefined {
  const ms = parseDurationMs(service?.timeout ?? '');
  return ms === undefined || version === 'v1beta1' ? undefined : { perRequest: inMs(ms) };
}

export function retryWords(text = ''): readonly string[] {
  const words = text.split(',').map((word) => word.trim());
  return text.trim() === '' ? DEFAULT_EVENTS : words.filter((word) => word !== '');
}
