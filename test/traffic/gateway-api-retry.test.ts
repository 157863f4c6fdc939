// Retries of an HTTPRoute: written where the definition has the field, warned of where it has not.
import { describe, expect, it } from '@jest/globals';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import type { KubeObject, PresenceOf } from '../../src/model/kube.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { retryField } from '../../src/traffic/gateway-api/retry.ts';
import type { TrafficRouter } from '../../src/traffic/router.ts';
import { routerOf } from '../../src/traffic/routers.ts';
import { annotationsIn, schemaOf } from './definitions.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const folder = process.env['SERIN_TEST_CRDS'] ?? '';
const group = 'gateway.networking.k8s.io';
const marks = (channel: string, version: string): Readonly<Record<string, string>> => ({
  [`${group}/channel`]: channel,
  [`${group}/bundle-version`]: version,
});
const serving =
  (annotations: Readonly<Record<string, string>>): PresenceOf =>
  (_resource, addition) =>
    addition === undefined || addition.isIn(annotations) ? 'served' : 'missing';
const experimental = serving(marks('experimental', 'v1.6.1'));

function routerIn(presenceOf: PresenceOf, provider = 'gatewayapi:v1'): TrafficRouter {
  const router = routerOf(specOf({ provider }), provider, presenceOf);
  if (router === undefined) {
    throw new Error(`no router for ${provider}`);
  }
  return router;
}

const retrying = routerIn(experimental);
const refs = { gatewayRefs: [{ name: 'public' }] };

function render(retries: object | undefined, router = retrying): KubeObject {
  const service = { ...refs, ...(retries === undefined ? {} : { retries }) };
  return frozen(routeOf(router).render(wishOf(specOf({ service }))));
}

function retryIn(route: KubeObject): unknown {
  return objectsOf(objectOf(route['spec'])['rules'])[0]?.['retry'];
}

function found(retries: object, router = retrying): string[] {
  const spec = specOf({ service: { ...refs, retries } });
  return routerProblems(router, spec).map(
    ({ severity, reason, field }) => `${severity} ${reason} ${field.replace('spec.service.', '')}`,
  );
}

describe('a definition with retry', () => {
  it.each([
    ['experimental', 'v1.6.1', true],
    ['experimental', 'v1.2.0', true],
    ['experimental', 'v2.0.0', true],
    ['experimental', 'v1.1.9', false],
    ['experimental', 'v0.8.0', false],
    ['experimental', 'main', false],
    ['standard', 'v1.6.1', false],
  ])('is of the %s channel of %s: %s', (channel, version, has) => {
    expect(retryField.isIn(marks(channel, version))).toBe(has);
    expect(retryField.isIn({})).toBe(false);
  });

  it.each(['gatewayapi:v1', 'gatewayapi:v1beta1'])('changes what %s can do', (provider) => {
    expect(routerIn(experimental, provider).capabilities.serviceFields).toContain('retries');
    expect(routerIn(() => 'served', provider).capabilities.serviceFields).toContain('retries');
    expect(routerIn(serving(marks('standard', 'v1.6.1')), provider).capabilities.serviceFields).not.toContain(
      'retries',
    );
    expect(routerOf(specOf({ provider }), provider)?.capabilities.serviceFields).not.toContain('retries');
  });

  it('may be served in the other version alone', () => {
    const router = routerIn((resource, addition) =>
      resource.version === 'v1beta1' ? experimental(resource, addition) : 'missing',
    );
    expect(router.route?.resource.version).toBe('v1beta1');
    expect(router.capabilities.serviceFields).toContain('retries');
  });
});

describe('the retry of a rule', () => {
  it.each<[string, object, unknown]>([
    ['attempts', { attempts: 3 }, { attempts: 3 }],
    ['the codes of a word', { attempts: 3, retryOn: '5xx' }, { attempts: 3, codes: [500, 502, 503, 504] }],
    [
      'codes and words, each once and in order',
      { retryOn: 'gateway-error, 503,429,retriable-4xx' },
      { codes: [409, 429, 502, 503, 504] },
    ],
    [
      'nothing more for connections that fail',
      { attempts: 2, retryOn: 'connect-failure,refused-stream,reset' },
      { attempts: 2 },
    ],
    ['nothing for no attempts', { attempts: 0, retryOn: '5xx' }, undefined],
    ['nothing for no words', {}, undefined],
  ])('has %s', (_what, retries, retry) => {
    expect(retryIn(render(retries))).toEqual(retry);
    expect(found(retries)).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'words that it does not know',
      { attempts: 1, retryOn: '5xx,cancelled' },
      ['warning IgnoredField retries.retryOn'],
    ],
    [
      'a code that is none of an error',
      { attempts: 1, retryOn: '200' },
      ['warning IgnoredField retries.retryOn'],
    ],
    ['a time-out', { attempts: 1, perTryTimeout: '1s' }, ['warning IgnoredField retries.perTryTimeout']],
    ['less than no attempts', { attempts: -1 }, ['error InvalidSpec retries.attempts']],
  ])('has something to say of %s', (_what, retries, expected) => {
    expect(found(retries)).toEqual(expected);
  });

  it('asks the gateway for it', () => {
    const [some, none] = [2, 0].map((attempts) =>
      retrying.features?.(specOf({ service: { ...refs, retries: { attempts } } })),
    );
    expect(some?.map(({ feature }) => feature)).toEqual(['HTTPRouteRetry']);
    expect(none).toEqual([]);
  });

  it('is warned of as a whole where it cannot be written', () => {
    const standard = routerIn(serving(marks('standard', 'v1.6.1')));
    expect(retryIn(render({ attempts: 3 }, standard))).toBeUndefined();
    expect(found({ attempts: 3 }, standard)).toEqual(['warning IgnoredField retries']);
  });
});

const withRetry = (route: KubeObject, retry: unknown): KubeObject => ({
  ...route,
  spec: {
    ...objectOf(route['spec']),
    rules: objectsOf(objectOf(route['spec'])['rules']).map((rule) => ({ ...rule, retry })),
  },
});

describe('the retry of a live rule', () => {
  const shape = routeOf(retrying);
  it('of somebody else is left alone, and is no drift', () => {
    const live = withRetry(render(undefined), { attempts: 9 });
    expect(shape.fingerprint(live)).toBe(shape.fingerprint(render(undefined)));
    expect(retryIn(shape.merge(live, render(undefined)))).toEqual({ attempts: 9 });
  });

  it('becomes ours where the Canary says so, and goes where it no longer does', () => {
    const live = withRetry(render(undefined), { attempts: 9, backoff: '1s' });
    const wanted = render({ attempts: 3, retryOn: '503' });
    const merged = shape.merge(live, wanted);
    expect(shape.fingerprint(live)).not.toBe(shape.fingerprint(wanted));
    expect(shape.fingerprint(merged)).toBe(shape.fingerprint(wanted));
    expect(retryIn(merged)).toEqual({ attempts: 3, codes: [503], backoff: '1s' });
    expect(shape.merge(merged, wanted)).toEqual(merged);
    const without = shape.merge(merged, render(undefined));
    expect(retryIn(without)).toBeUndefined();
    expect(shape.fingerprint(without)).toBe(shape.fingerprint(render(undefined)));
  });

  it('is put back where somebody changes it, in whatever order its codes are', () => {
    const wanted = render({ attempts: 3, retryOn: '502,503' });
    const turned = withRetry(wanted, { codes: [503, 502], attempts: 3 });
    expect(shape.fingerprint(turned)).toBe(shape.fingerprint(wanted));
    expect(shape.merge(turned, wanted)).toEqual(turned);
    const edited = withRetry(wanted, { codes: [503, 502], attempts: 4 });
    expect(shape.fingerprint(edited)).not.toBe(shape.fingerprint(wanted));
    expect(retryIn(shape.merge(edited, wanted))).toEqual(retryIn(wanted));
  });

  it('goes with the field, where the definition loses it', () => {
    const standard = routeOf(routerIn(serving(marks('standard', 'v1.6.1'))));
    const live = render({ attempts: 3 });
    const wanted = standard.render(wishOf(specOf({ service: { ...refs, retries: { attempts: 3 } } })));
    expect(retryIn(standard.merge(live, wanted))).toBeUndefined();
  });
});

const describeWithCrds = folder === '' ? describe.skip : describe;

describeWithCrds('retry against the definitions of the Gateway API (needs SERIN_TEST_CRDS)', () => {
  it.each([
    ['gateway-api-experimental.yaml', { attempts: 3, codes: [503] }],
    ['gateway-api-standard.yaml', undefined],
  ])('is there as %s says of itself', (file, retry) => {
    const { resource } = routeOf(retrying);
    const router = routerIn(serving(annotationsIn(folder, resource, file)));
    const route = render({ attempts: 3, retryOn: '503' }, router);
    const { removed, problems } = admit(schemaOf(folder, resource, file), route);
    expect({ removed, problems }).toEqual({ removed: [], problems: [] });
    expect(retryIn(route)).toEqual(retry);
  });
});
