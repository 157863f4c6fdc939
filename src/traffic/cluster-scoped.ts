// Routes that are scoped to the cluster. A Canary, which is in a namespace, cannot own them: so an annotation says whose they
// are. What belongs to another Canary is left alone; what is left over when its Canary has gone is deleted by Serin itself
// (tend-orphans.ts), where others are deleted by the garbage collector.
import { keyOf, type KubeObject, type ObjectMeta } from '../model/kube.ts';
import { routeMetadata } from './live.ts';
import type { RouteShape, RouteWish } from './router.ts';

const CANARY_ANNOTATION = 'serin.dev/canary';

/** What a Canary may write: an object that names it, or one that leads to its Service and names nobody, as Flagger leaves it. */
export function claimsOf(canary: string, service: string): readonly string[] {
  return [canaryClaim(canary), serviceClaim(service)];
}

/** @param key `namespace/name` */
export function canaryClaim(key: string): string {
  return `Canary ${key}`;
}

function serviceClaim(key: string): string {
  return `Service ${key}`;
}

/** The `namespace/name` of the Canary that a claim names. */
export function claimant(claim: string | undefined): string | undefined {
  const prefix = canaryClaim('');
  return claim?.startsWith(prefix) === true ? claim.slice(prefix.length) : undefined;
}

/** Without a namespace and without an owner. */
export function clusterMetadata(wish: RouteWish): ObjectMeta {
  const { namespace, owner } = wish;
  const annotations = { [CANARY_ANNOTATION]: keyOf({ namespace, name: owner.name }) };
  const { namespace: _none, ownerReferences: _nobody, ...metadata } = routeMetadata(wish, { annotations });
  return metadata;
}

/**
 * @param serviceOf `namespace/name` of the apex Service whose primary and canary the object leads to; undefined where it leads
 * to none, which makes it somebody else's
 */
export function clusterScoped(
  shape: RouteShape,
  serviceOf: (route: KubeObject) => string | undefined,
): RouteShape {
  const belongsTo = (route: KubeObject): string => {
    const canary = route.metadata.annotations?.[CANARY_ANNOTATION];
    const service = serviceOf(route);
    if (canary !== undefined) {
      return canaryClaim(canary);
    }
    return service === undefined ? 'somebody else' : serviceClaim(service);
  };
  // It is never the user's, so that there is nothing to give back, and nothing to name on the way there.
  const { naming: _naming, leadingToApex: _leadingToApex, ...rest } = shape;
  return {
    ...rest,
    merge: (live, wanted) => {
      const mine = [belongsTo(wanted), serviceClaim(serviceOf(wanted) ?? '')];
      return mine.includes(belongsTo(live)) ? shape.merge(live, wanted) : live;
    },
    view: (live) => {
      const { uid, resourceVersion, ownerUids, fingerprint, weights, acceptance } = shape.view(live);
      return {
        uid,
        resourceVersion,
        ownerUids,
        fingerprint,
        weights,
        acceptance,
        belongsTo: belongsTo(live),
      };
    },
  };
}
