// How an HTTPRoute says what the rules of a Canary shall do.
import type { Service, StringMatch } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import type { RequestMatch } from '../matches.ts';
import type { RouteWish } from '../router.ts';
import { filtersOf, ifFilled } from './filters.ts';
import { retryOf } from './retry.ts';
import { conditionsOf, routeSpec, type RuleDialect } from './route-spec.ts';

const dialect: RuleDialect = {
  matchOf,
  filtersOf,
  policiesOf: (service) => ifFilled('timeouts', timeoutsOf(service)),
};

export function specOf(wish: RouteWish): JsonObject {
  return routeSpec(wish, dialect);
}

/** Where the definition knows the field. */
export function retryingSpecOf(wish: RouteWish): JsonObject {
  return routeSpec(wish, {
    ...dialect,
    policiesOf: (service) => ({ ...dialect.policiesOf(service), ...ifFilled('retry', retryOf(service)) }),
  });
}

function matchOf(match: RequestMatch): JsonObject | undefined {
  const headers = conditionsOf(match.headers);
  const queryParams = conditionsOf(match.queryParams);
  const method = match.method?.exact;
  return headers === undefined || queryParams === undefined
    ? undefined
    : {
        path: pathMatch(match.uri),
        ...(method === undefined ? {} : { method }),
        ...ifFilled('headers', headers),
        ...ifFilled('queryParams', queryParams),
      };
}

export function pathMatch(uri: StringMatch | undefined): { readonly type: string; readonly value: string } {
  if (uri?.regex !== undefined) {
    return { type: 'RegularExpression', value: uri.regex };
  }
  if (uri?.exact !== undefined) {
    return { type: 'Exact', value: uri.exact };
  }
  return { type: 'PathPrefix', value: uri?.prefix ?? '/' };
}

function timeoutsOf(service: Service | undefined): JsonObject {
  const { timeout = '', backendTimeout = '' } = service ?? {};
  return {
    ...(timeout === '' ? {} : { request: timeout }),
    ...(backendTimeout === '' ? {} : { backendRequest: backendTimeout }),
  };
}
