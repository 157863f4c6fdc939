// An HTTPProxy that is the user's: its routes, and what it does with connections, are lists of weighted Services.
import { numberOf, textOf, type JsonObject } from '../../model/json.ts';
import type { Resource } from '../../model/kube.ts';
import { borrowedRoute } from '../borrowed-route.ts';
import { byName } from '../live.ts';
import type { RouteShape } from '../router.ts';
import { acceptanceOf } from './acceptance.ts';

/** One that gets copies has no share of the requests. */
const isMirror = ({ mirror }: JsonObject): boolean => mirror === true;

/** Where no Service has a weight Contour divides evenly; else a missing one is 0. */
function weightOf(service: JsonObject, all: readonly JsonObject[]): number {
  if (isMirror(service)) {
    return 0;
  }
  const isEven = all.every((one) => isMirror(one) || (numberOf(one['weight']) ?? 0) === 0);
  return isEven ? 1 : (numberOf(service['weight']) ?? 0);
}

export function borrowedProxy(resource: Resource): RouteShape {
  return borrowedRoute({
    resource,
    keys: { rules: ['routes', 'tcpproxy'], backends: 'services' },
    // An HTTPProxy sends to Services of its own namespace alone.
    serviceIn: () => ({
      ...byName,
      of: (service) => (isMirror(service) ? undefined : textOf(service['name'])),
    }),
    weightOf,
    acceptanceOf,
  });
}
