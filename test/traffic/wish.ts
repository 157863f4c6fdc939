// Wishes for tests: a test overrides only what it is about.
import { CanarySpec } from '../../src/api/canary.ts';
import type { RouteShape, RouteWish, TrafficRouter } from '../../src/traffic/router.ts';

export const owner = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  name: 'cart',
  uid: '0b7d5c1e-0000-4000-8000-000000000001',
  controller: true,
  blockOwnerDeletion: true,
};

interface SpecParts {
  readonly provider?: string;
  readonly service?: object;
  readonly analysis?: object;
  readonly routeRef?: object;
}

/** A weighted canary of Deployment `cart`; keys of `service` and `analysis` are laid over the plain ones. */
export function specOf({
  provider = 'gatewayapi:v1',
  service = {},
  analysis = {},
  routeRef,
}: SpecParts = {}): CanarySpec {
  return CanarySpec.parse({
    provider,
    ...(routeRef === undefined ? {} : { routeRef }),
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
    service: { port: 80, targetPort: 8080, ...service },
    analysis: { interval: '1m', threshold: 5, stepWeight: 10, ...analysis },
  });
}

export function wishOf(spec: CanarySpec, parts: Partial<RouteWish> = {}): RouteWish {
  return {
    namespace: 'shop',
    apex: 'cart',
    spec,
    split: { primary: 100, canary: 0 },
    owner,
    ingressClass: '',
    ...parts,
  };
}

/** Frozen to the last leaf, so that a function which changes its input throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

export function routeOf(router: TrafficRouter | undefined): RouteShape {
  if (router?.route === undefined) {
    throw new Error(`${router?.provider ?? 'no router'} has no route object`);
  }
  return router.route;
}
