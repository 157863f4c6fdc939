import { describe, expect, it } from '@jest/globals';
import type { CanarySpec } from '../../src/api/canary.ts';
import { measuredSpec, routesOf } from '../../src/api/routes.ts';
import { routeNames } from '../../src/traffic/routers.ts';
import { routingProblems } from '../../src/traffic/routing-problems.ts';
import { specOf } from './wish.ts';

const gatewayRefs = [{ name: 'public', namespace: 'edge' }];

function withRoutes(...routes: readonly object[]): CanarySpec {
  return specWith({ routes });
}

function specWith(more: object): CanarySpec {
  return { ...specOf({ provider: 'istio', service: { hosts: ['cart.example.com'] } }), ...more };
}

const said = (spec: CanarySpec): readonly string[] =>
  routingProblems(spec, 'kubernetes').map(({ severity, reason, field }) => `${severity} ${reason} ${field}`);

describe('the specs of several routes', () => {
  it('are one where there is no list', () => {
    const spec = specOf({ provider: 'istio' });
    expect(routesOf(spec, 'contour')).toMatchObject([{ provider: 'istio', name: undefined, spec, path: [] }]);
    const { provider: _left, ...without } = spec;
    expect(routesOf(without, 'contour')).toMatchObject([{ provider: 'contour' }]);
  });

  it('are what the entry says, and else what the Canary says', () => {
    const spec = withRoutes(
      { provider: 'istio' },
      { provider: 'gatewayapi:v1', gatewayRefs, hosts: [], name: 'edge' },
    );
    const [first, second] = routesOf(spec, '');
    expect(first).toMatchObject({ provider: 'istio', spec: { service: { hosts: ['cart.example.com'] } } });
    expect(second).toMatchObject({ name: 'edge', spec: { service: { hosts: [], port: 80 } } });
    expect(routeNames(spec)).toEqual(expect.arrayContaining(['cart', 'edge']));
  });

  it('are measured by the one that says so, else by the first', () => {
    const ingressRef = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'storefront' };
    const entries = [{ provider: 'istio' }, { provider: 'nginx', ingressRef }];
    expect(measuredSpec(withRoutes(...entries)).ingressRef).toBeUndefined();
    const [first, second] = entries;
    expect(measuredSpec(withRoutes(first ?? {}, { ...second, metrics: true })).ingressRef?.name).toBe(
      'storefront',
    );
  });
});

describe('problems of several routes', () => {
  it('are none where each is sound', () => {
    expect(said(withRoutes({ provider: 'istio' }, { provider: 'gatewayapi:v1', gatewayRefs }))).toEqual([]);
  });

  it('name the field that their author wrote', () => {
    const bad = { provider: 'gatewayapi:v1', gatewayRefs, hosts: ['CART'] };
    expect(said(withRoutes({ provider: 'istio' }, bad))).toEqual([
      'error InvalidSpec spec.routes[1].hosts[0]',
    ]);
    expect(said(withRoutes({ provider: 'istio', hosts: ['a.b'] }, { provider: 'nowhere' }))).toEqual([
      'error UnknownProvider spec.routes[1].provider',
    ]);
  });

  it('say once what holds for all of them', () => {
    const spec = withRoutes({ provider: 'traefik' }, { provider: 'skipper' });
    const pinned = {
      ...spec,
      analysis: { ...spec.analysis, sessionAffinity: { cookieName: 'cart', maxAge: 60 } },
    };
    const errors = said(pinned).filter((line) => line.startsWith('error'));
    expect(errors).toEqual([
      'error UnsupportedAffinity spec.analysis.sessionAffinity',
      'error UnsupportedAffinity spec.analysis.sessionAffinity',
    ]);
  });

  it.each(['kubernetes', 'knative'])('refuse %s beside others', (provider) => {
    expect(said(withRoutes({ provider: 'istio' }, { provider }))).toContain(
      'error InvalidSpec spec.routes[1].provider',
    );
  });

  it('refuse references that would make the same objects differently', () => {
    const upstreamRef = { apiVersion: 'gloo.solo.io/v1', kind: 'Upstream', name: 'tls' } as const;
    const second = { provider: 'gloo', name: 'inside' };
    const problem = 'error InvalidSpec spec.routes[1].upstreamRef';
    const first = { provider: 'gloo', upstreamRef, hosts: [] };
    const other = { ...upstreamRef, name: 'plain' };
    const errors = (...routes: readonly object[]): readonly string[] =>
      said({ ...withRoutes(...routes), upstreamRef: other }).filter((line) => line.startsWith('error'));
    expect(errors(first, second)).toEqual([problem]);
    expect(errors(first, { ...second, upstreamRef: other })).toEqual([problem]);

    expect(errors(first, { ...second, upstreamRef })).toEqual([]);
    expect(errors({ provider: 'gloo' }, second)).toEqual([]);
  });

  it('are not about the same object under two versions', () => {
    const twice = withRoutes(
      { provider: 'gatewayapi:v1', gatewayRefs },
      { provider: 'gatewayapi:v1beta1', gatewayRefs },
    );
    expect(said(twice)).toEqual(['error InvalidSpec spec.routes[1].name']);
  });
});
