import { describe, expect, it } from '@jest/globals';
import type { CanarySpec } from '../../src/api/canary.ts';
import type { HeaderMatch } from '../../src/api/analysis.ts';
import { objectOf, objectsOf, textOf, type JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { apisix } from '../../src/traffic/apisix.ts';
import { routeSource } from '../../src/traffic/apisix/source.ts';
import { splitOf } from '../../src/traffic/router.ts';
import { storefront } from './apisix/storefront.ts';
import { frozen, routeOf, specOf, wishOf } from './wish.ts';

const route = routeOf(apisix);
const spec = (analysis: object = {}, service: object = {}): CanarySpec =>
  specOf({
    provider: 'apisix',
    service,
    analysis,
    routeRef: { apiVersion: 'apisix.apache.org/v2', kind: 'ApisixRoute', name: 'storefront' },
  });

interface Made {
  readonly canary?: number;
  readonly analysis?: object;
  readonly from?: KubeObject;
}

const render = ({ canary = 0, analysis = {}, from = storefront }: Made = {}): KubeObject =>
  frozen(route.render(wishOf(spec(analysis), { split: splitToward(canary), source: from })));
const specIn = (object: KubeObject): JsonObject => objectOf(object['spec']);
const rulesOf = (object: KubeObject): readonly JsonObject[] => objectsOf(specIn(object)['http']);
const stored = (object: KubeObject): KubeObject =>
  frozen({ ...structuredClone(object), metadata: { ...structuredClone(object.metadata), uid: 'r-1' } });
const match = (...entries: readonly object[]): object => ({ match: entries, iterations: 5 });

/** The user's route with other parts of the spec, and with other fields in the rule that leads to the apex. */
function edited(around: object, rule: object = {}, rules: readonly object[] = []): KubeObject {
  const [docs = {}, cart = {}] = rulesOf(storefront);
  return {
    ...storefront,
    spec: { ...specIn(storefront), http: [docs, { ...cart, ...rule }, ...rules], ...around },
  };
}

describe('a route for APISIX', () => {
  it('keeps the class, and fields of the rule and of the route that no release knows yet', () => {
    const copy = render({ from: edited({ region: 'south' }, { retries: { attempts: 2 } }) });
    expect(specIn(copy)).toMatchObject({ ingressClassName: 'apisix', region: 'south' });
    expect(rulesOf(copy)).toMatchObject([{ name: 'cart', retries: { attempts: 2 }, websocket: true }]);
  });

  it.each([
    ['none', undefined, 10_000],
    ['a low one', 5, 10_000],
    ['its own', 10_000, 10_001],
    ['a higher one', 20_000, 20_001],
  ])('comes before the rule of the user with %s as its priority', (_what, priority, ours) => {
    const rules = rulesOf(render({ from: edited({}, priority === undefined ? {} : { priority }) }));
    expect(rules.map((rule) => rule['priority'])).toEqual([ours]);
  });

  it('has nothing that is about the other object alone', () => {
    const { labels, annotations = {} } = render().metadata;
    expect(labels).toEqual({ team: 'shop' });
    expect(Object.keys(annotations)).not.toContain('kubectl.kubernetes.io/last-applied-configuration');
  });

  it('leaves connections to a port with the route that has them', () => {
    const stream = [{ name: 'redis', protocol: 'TCP' }];
    expect(Object.keys(specIn(render({ from: edited({ stream }) })))).toEqual(['ingressClassName', 'http']);
  });

  it('is called after the route of the user and the apex', () => {
    expect(route.nameOf?.(spec({}, { name: 'till' }))).toBe('storefront-till-canary');
  });

  it('follows the route of the user, and keeps what others have added to it', () => {
    const live = stored({
      ...render({ canary: 30 }),
      spec: { ...specIn(render({ canary: 30 })), zone: 'b' },
    });
    const [, { websocket: _gone, ...cart } = {}] = rulesOf(storefront);
    const changed: KubeObject = {
      ...storefront,
      metadata: { ...storefront.metadata, labels: { team: 'till' } },
      spec: { ...specIn(storefront), http: [{ ...cart, timeout: { read: '5s' } }] },
    };
    expect(route.fingerprint(live)).toBe(route.fingerprint(render()));
    expect(route.fingerprint(live)).not.toBe(route.fingerprint(render({ from: changed })));
    const merged = route.merge(live, render({ canary: 30, from: changed }));
    expect(merged.metadata.labels).toEqual({ team: 'till' });
    expect(specIn(merged)['zone']).toBe('b');
    expect(rulesOf(merged)).toMatchObject([{ timeout: { read: '5s' } }]);
    expect(Object.keys(rulesOf(merged)[0] ?? {})).not.toContain('websocket');
    expect(splitOf(route.view(merged), 'cart')).toEqual(splitToward(30));
  });

  it('gets back the class that Flagger lost, at the weight it has', () => {
    const { ingressClassName: _lost, ...rest } = specIn(render({ canary: 30 }));
    const { labels = {}, annotations = {} } = storefront.metadata;
    const metadata = { ...render().metadata, labels, annotations };
    const live = stored({ ...render(), metadata, spec: rest });
    expect(splitOf(route.view(live), 'cart')).toEqual(splitToward(30));
    expect(route.fingerprint(live)).not.toBe(route.fingerprint(render()));
    const merged = route.merge(live, render({ canary: 30 }));
    expect(merged['spec']).toEqual(render({ canary: 30 })['spec']);
    expect(route.fingerprint(merged)).toBe(route.fingerprint(render()));
  });

  it('counts a missing weight as the controller does', () => {
    const text = JSON.stringify(render({ canary: 50 })).replaceAll(',"weight":50', '');
    const view = route.view(JSON.parse(text));
    expect(view.weights).toEqual({ 'cart-primary': 100, 'cart-canary': 100 });
    expect(splitOf(view, 'cart')).toEqual(splitToward(50));
  });
});

const exprsOf = (object: KubeObject): readonly unknown[] =>
  rulesOf(object).map((rule) => [rule['name'], objectOf(rule['match'])['exprs']]);

describe('an A/B test by APISIX', () => {
  it('has a rule for each entry, beside what the rule of the user asks for', () => {
    const theirs = { subject: { scope: 'Cookie', name: 'member' }, op: 'Equal', value: 'yes' };
    const rule = { match: { paths: ['/*'], exprs: [theirs] } };
    const analysis = match(
      { headers: { 'x-cohort': { exact: 'beta' }, 'x-country': { exact: 'nz' } } },
      { queryParams: { preview: { exact: 'on' } } },
    );
    expect(exprsOf(render({ analysis, canary: 100, from: edited({}, rule) }))).toEqual([
      [
        'cart',
        [
          theirs,
          { subject: { scope: 'Header', name: 'x-cohort' }, op: 'Equal', value: 'beta' },
          { subject: { scope: 'Header', name: 'x-country' }, op: 'Equal', value: 'nz' },
        ],
      ],
      ['cart-2', [theirs, { subject: { scope: 'Query', name: 'preview' }, op: 'Equal', value: 'on' }]],
    ]);
  });

  it('gives the rules different names where the one of the user has none', () => {
    const analysis = match({ headers: { a: { exact: '1' } } }, { headers: { b: { exact: '1' } } });
    const { name: _none, ...cart } = rulesOf(storefront)[1] ?? {};
    const from = { ...storefront, spec: { http: [cart] } };
    expect(rulesOf(render({ analysis, from })).map(({ name }) => name)).toEqual([undefined, 'canary-2']);
  });

  it.each<[string, HeaderMatch, readonly string[], readonly string[]]>([
    ['a start', { prefix: 'a.b' }, ['a.b', 'a.bc'], ['xa.b', 'aXb', '']],
    ['an end', { suffix: 'a.b' }, ['a.b', 'xa.b'], ['a.bc', 'aXb', '']],
    ['a pattern', { regex: 'a|b.' }, ['a', 'bc'], ['xa', 'ax', 'b']],
    ['its presence', {}, ['a', ''], []],
  ])('matches a whole value by %s', (_how, matcher, taken, left) => {
    const [rule] = rulesOf(render({ analysis: match({ headers: { 'x-a': matcher } }), canary: 100 }));
    const [expr = {}] = objectsOf(objectOf(rule?.['match'])['exprs']);
    const pattern = new RegExp(textOf(expr['value']) ?? 'none');
    expect(expr['op']).toBe('RegexMatch');
    expect(taken.filter((value) => !pattern.test(value))).toEqual([]);
    expect(left.filter((value) => pattern.test(value))).toEqual([]);
  });

  it('leaves everybody else to the rule of the user, and takes nobody at no weight', () => {
    const analysis = match({ headers: { 'x-cohort': { exact: 'beta' } } });
    expect(rulesOf(render({ analysis, canary: 100 }))).toHaveLength(1);
    expect(route.view(render({ analysis })).weights).toEqual({ 'cart-primary': 100, 'cart-canary': 0 });
  });
});

const problems = (from: KubeObject): readonly string[] =>
  routeSource
    .problems(spec(), from)
    .map(({ severity, reason, field, message }) => `${severity} ${reason} ${field} ${message}`);

describe('the route of the user', () => {
  it('is as it should be', () => {
    expect(problems(storefront)).toEqual([]);
    expect(routeSource.nameOf(spec())).toBe('storefront');
  });

  it.each<[string, KubeObject, string]>([
    [
      'no rule that leads to the apex',
      { ...storefront, spec: {} },
      'error MissingReference spec.routeRef.name has no rule that leads to the Service cart',
    ],
    [
      'two backends in the rule',
      edited({}, { backends: [{ serviceName: 'cart' }, { serviceName: 'till' }] }),
      'error InvalidSpec spec.routeRef.name leads to cart in its rule cart, but to others as well',
    ],
    [
      'upstreams in the rule',
      edited({}, { upstreams: [{ name: 'abroad' }] }),
      'error InvalidSpec spec.routeRef.name leads to cart in its rule cart, but to others as well',
    ],
    [
      'another rule that leads to the apex',
      edited({}, {}, [
        { name: 'api', backends: [{ serviceName: 'cart' }] },
        { backends: [{ serviceName: 'cart' }] },
      ]),
      'warning IgnoredField spec.routeRef.name leads to cart in other rules too, whose requests stay at the primary: api, without a name',
    ],
  ])('with %s is refused or warned of', (_what, from, problem) => {
    expect(problems(from)).toEqual([problem]);
  });
});

const condition = (type: string, status: string, observedGeneration: number): object => ({
  type,
  status,
  observedGeneration,
  reason: 'Because',
  message: 'of that',
});

describe('what the ingress controller says of a route', () => {
  it.each<[string, readonly object[], string]>([
    ['nothing', [], 'unknown'],
    ['2.x of this generation', [condition('Accepted', 'True', 3)], 'accepted'],
    ['2.x of the generation before', [condition('Accepted', 'True', 2)], 'pending'],
    ['2.x no', [condition('Accepted', 'False', 3)], 'rejected'],
    ['2.x no, of the generation before', [condition('Accepted', 'False', 2)], 'pending'],
    ['1.x of this generation', [condition('ResourcesAvailable', 'True', 3)], 'accepted'],
    // It is not written again while it stays True.
    ['1.x of some generation', [condition('ResourcesAvailable', 'True', 1)], 'unknown'],
    ['1.x no', [condition('ResourcesAvailable', 'False', 3)], 'rejected'],
    ['1.x no, of the generation before', [condition('ResourcesAvailable', 'False', 2)], 'pending'],
    [
      '2.x after 1.x',
      [condition('ResourcesAvailable', 'True', 3), condition('Accepted', 'False', 3)],
      'rejected',
    ],
    ['something else', [condition('Ready', 'False', 3)], 'unknown'],
  ])('%s is understood', (_who, conditions, state) => {
    const { metadata, ...rest } = render();
    const live = { ...rest, metadata: { ...metadata, generation: 3 }, status: { conditions } };
    expect(route.view(live).acceptance.state).toBe(state);
  });

  it('is passed on with its reason', () => {
    const live = { ...render(), status: { conditions: [condition('Accepted', 'False', 1)] } };
    expect(route.view(live).acceptance.message).toBe(
      'Accepted of the ApisixRoute is False (Because: of that)',
    );
  });
});
