// Values that a Canary may hold and that the definitions of routes refuse, or store as something else: each is said before
// anything is written. Found on an API server with the definitions of the projects; the rows are named after what it did.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { CanarySpec } from '../../src/api/canary.ts';
import { lintObjects } from '../../src/commands/lint-object.ts';
import { splitToward } from '../../src/model/split.ts';
import { viewFor } from '../../src/traffic/router.ts';
import { routers } from '../../src/traffic/routers.ts';
import { routingProblems } from '../../src/traffic/routing-problems.ts';
import { routerExamples } from '../contract/router-examples.ts';
import { specOf, wishOf } from './wish.ts';

interface Written {
  readonly service?: object;
  readonly analysis?: object;
}

const gatewayRefs = [{ name: 'public', namespace: 'edge' }];
const sticky = { sessionAffinity: { cookieName: 'track' } };

function problemsWith(provider: string, { service = {}, analysis = {} }: Written): readonly string[] {
  const parents = provider.startsWith('gatewayapi') ? { gatewayRefs } : {};
  const spec = specOf({ provider, service: { ...parents, ...service }, analysis });
  return routingProblems(spec, provider).map(({ severity, field }) => `${severity} ${field}`);
}

const service = (fields: object): Written => ({ service: fields });
const users = (...match: readonly object[]): Written => ({ analysis: { match, iterations: 3 } });

type Row = readonly [row: string, provider: string, written: Written, field: string];

const refusedByTheRoute: readonly Row[] = [
  ['a time-out of 0s', 'istio', service({ timeout: '0s' }), 'timeout'],
  ['a time-out below 1ms', 'istio', service({ timeout: '500us' }), 'timeout'],
  ['a time-out in days', 'istio', service({ timeout: '1d' }), 'timeout'],
  ['a time-out that is a bare number', 'istio', service({ timeout: '10' }), 'timeout'],
  [
    'a time-out of a try of 0s',
    'istio',
    service({ retries: { perTryTimeout: '0s' } }),
    'retries.perTryTimeout',
  ],
  ['a CORS age in days', 'istio', service({ corsPolicy: { maxAge: '1d' } }), 'corsPolicy.maxAge'],
  ...['gatewayapi:v1', 'gatewayapi:v1beta1'].flatMap((provider): Row[] => [
    ...['timeout', 'backendTimeout'].flatMap((field) =>
      ['1.5s', '100us', '-1s', '+1s', '100000ms', '1d'].map((value): Row => [
        `a ${field} of ${value}`,
        provider,
        service({ [field]: value }),
        field,
      ]),
    ),
    [
      'a backendTimeout above the timeout',
      provider,
      service({ timeout: '1s', backendTimeout: '2s' }),
      'backendTimeout',
    ],
    [
      'a CORS age below a second',
      provider,
      service({ corsPolicy: { maxAge: '999ms' } }),
      'corsPolicy.maxAge',
    ],
    [
      'an origin without scheme',
      provider,
      service({ corsPolicy: { allowOrigin: ['example.com'] } }),
      'corsPolicy.allowOrigin[0]',
    ],
    [
      'any origin beside another',
      provider,
      service({ corsPolicy: { allowOrigin: ['*', 'https://example.com'] } }),
      'corsPolicy.allowOrigin',
    ],
    [
      'a CORS method in lower case',
      provider,
      service({ corsPolicy: { allowMethods: ['get'] } }),
      'corsPolicy.allowMethods[0]',
    ],
    ['a prefix without slash', provider, service({ match: [{ uri: { prefix: 'cart' } }] }), 'match[0].uri'],
    ['a path without slash', provider, service({ match: [{ uri: { exact: 'cart' } }] }), 'match[0].uri'],
    [
      'a path with two slashes',
      provider,
      service({ match: [{ uri: { exact: '/shop//cart' } }] }),
      'match[0].uri',
    ],
    [
      'a method in lower case',
      provider,
      service({ match: [{ method: { exact: 'get' } }] }),
      'match[0].method.exact',
    ],
    [
      'an empty header value in a match',
      provider,
      service({ match: [{ headers: { 'x-team': { exact: '' } } }] }),
      'match[0].headers.x-team',
    ],
    [
      'an empty header value to set',
      provider,
      service({ headers: { request: { set: { 'x-team': '' } } } }),
      'headers.request.set.x-team',
    ],
    [
      'a match on Cookie beside the one for affinity',
      provider,
      { ...service({ match: [{ headers: { Cookie: { regex: 'beta' } } }] }), analysis: sticky },
      'match[0].headers.Cookie',
    ],
    ['every host', provider, service({ hosts: ['*'] }), 'hosts[0]'],
    [
      'an authority with a port',
      provider,
      service({ rewrite: { authority: 'cart:8080' } }),
      'rewrite.authority',
    ],
  ]),
  [
    'a word of retryOn that Contour lacks',
    'contour',
    service({ retries: { retryOn: '5xx,connect' } }),
    'retries.retryOn',
  ],
  ['a time-out in days', 'contour', service({ timeout: '1d' }), 'timeout'],
  ...['appmesh', 'appmesh:v1beta2'].flatMap((provider): Row[] => [
    [
      'a word of retryOn that App Mesh lacks',
      provider,
      service({ retries: { retryOn: '5xx' } }),
      'retries.retryOn',
    ],
  ]),
];

/** The same of `spec.analysis`. */
const refusedMatches: readonly (readonly [row: string, provider: string, match: object, field: string])[] = [
  ...['appmesh', 'appmesh:v1beta2'].flatMap((provider) => [
    [
      'an empty value of a header',
      provider,
      { 'x-user': { exact: '' } },
      '[0].headers.x-user.exact',
    ] as const,
    [
      'eleven headers',
      provider,
      Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`x-${index}`, { exact: '1' }])),
      '',
    ] as const,
  ]),
  ['an empty value of a header', 'gatewayapi:v1', { 'x-user': { exact: '' } }, '[0].headers.x-user'],
];

const accepted: readonly (readonly [row: string, provider: string, written: Written])[] = [
  ['a time-out of 0s', 'gatewayapi:v1', service({ timeout: '0s' })],
  ['no age of CORS', 'gatewayapi:v1', service({ corsPolicy: { allowOrigin: ['*'] } })],
  ['origins by a wildcard', 'gatewayapi:v1', service({ corsPolicy: { allowOrigin: ['https://*.x'] } })],
  [
    'Set-Cookie to add beside the cookies of affinity',
    'gatewayapi:v1',
    { ...service({ headers: { response: { add: { 'Set-Cookie': 'team=a' } } } }), analysis: sticky },
  ],
  ['retries without retryOn', 'contour', service({ retries: { attempts: 2 } })],
  ['a blank after a comma in retryOn', 'contour', service({ retries: { retryOn: '5xx, reset' } })],
  ['time-outs of 0s and with a fraction', 'contour', service({ timeout: '1.5s' })],
];

const matching = routers.filter(({ route }) => route !== undefined).map(({ provider }) => provider);

describe('what the definition of a route refuses is an error before any write:', () => {
  it.each(refusedByTheRoute)('%s, with %s', (_row, provider, written, field) => {
    expect(problemsWith(provider, written)).toContain(`error spec.service.${field}`);
  });

  it.each(refusedMatches)('%s to choose users by, with %s', (_row, provider, headers, field) => {
    expect(problemsWith(provider, users({ headers }))).toContain(`error spec.analysis.match${field}`);
  });

  it.each(accepted)('%s is none, with %s', (_row, provider, written) => {
    expect(problemsWith(provider, written)).toEqual([]);
  });
});

const lint = (spec: object): readonly string[] =>
  lintObjects({
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'cart' },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
      analysis: { interval: '1m', threshold: 5, stepWeight: 10 },
      ...spec,
    },
  }).flatMap(({ problems = [] }) =>
    problems.filter(({ severity }) => severity === 'warning').map(({ field }) => field),
  );

describe('what is stored as something else is refused where it changes who sees the canary, and else warned of:', () => {
  // The server has made `{}` of `{method: …}`, `{uri: …}` and `{port: …}` before anybody sees it.
  it.each(matching)('R4: an entry of a match that is empty, with %s', (provider) => {
    const said = problemsWith(provider, users({}));
    expect(said.filter((problem) => problem.startsWith('error spec.analysis.match'))).not.toEqual([]);
  });

  it.each(['method', 'uri', 'port'])('analysis.match by %s, which lint sees', (field) => {
    const analysis = { interval: '1m', threshold: 5, iterations: 3, match: [{ [field]: { exact: 'a' } }] };
    expect(lint({ service: { port: 80 }, analysis })).toContain(`spec.analysis.match[0].${field}`);
  });

  it('the suffix of a header with istio, where any value would match', () => {
    const bySuffix = users({ headers: { 'x-user': { suffix: '@example.com' } } });
    expect(problemsWith('istio', bySuffix)).toContain('error spec.analysis.match[0].headers.x-user');
  });

  it.each(['gatewayapi:v1', 'gatewayapi:v1beta1'])(
    'the suffix of a header of the whole route with %s, of which nothing is left',
    (provider) => {
      const nothingLeft = service({ match: [{ headers: { 'x-user': {} } }] });
      expect(problemsWith(provider, nothingLeft)).toContain('error spec.service.match[0].headers.x-user');
    },
  );

  it.each<[string, object]>([
    ['match[0].headers.x.suffix', { match: [{ headers: { x: { suffix: 'a' } } }] }],
    ['match[0].statPrefix', { match: [{ statPrefix: 'a' }] }],
    ['mirror[0].percent', { mirror: [{ percent: 5 }] }],
    ['mirror[0].fraction', { mirror: [{ fraction: { numerator: 1 } }] }],
    ['retries.retryRemoteLocalities', { retries: { retryRemoteLocalities: true } }],
    ['retries.backoff', { retries: { backoff: '1s' } }],
    ['retries.retryIgnorePreviousHosts', { retries: { retryIgnorePreviousHosts: true } }],
    ['corsPolicy.unmatchedPreflights', { corsPolicy: { unmatchedPreflights: 'FORWARD' } }],
    ['rewrite.uriRegexRewrite', { rewrite: { uriRegexRewrite: { match: 'a', rewrite: 'b' } } }],
    ...[
      'connectionPool.tcp',
      'portLevelSettings',
      'tls.credentialName',
      'tls.insecureSkipVerify',
      'tls.caCrl',
      'loadBalancer.warmup',
      'loadBalancer.localityLbSetting.failoverPriority',
      'connectionPool.http.useClientProtocol',
      'connectionPool.http.maxConcurrentStreams',
      'loadBalancer.consistentHash.httpCookie.attributes',
      'loadBalancer.consistentHash.maglev',
      'loadBalancer.consistentHash.ringHash',
      'proxyProtocol',
      'tunnel',
      'retryBudget',
    ].map((path): [string, object] => [
      `trafficPolicy.${path}`,
      { trafficPolicy: nested(path.split('.'), {}) },
    ]),
  ])('service.%s, which the definition of the Canary drops and lint sees', (field, written) => {
    expect(lint({ service: { port: 80, ...written } })).toContain(`spec.service.${field}`);
  });

  it('two backends for copies, of which Contour would complain in status alone', () => {
    const mirror = ['a', 'b'].map((name) => ({ backendRef: { name, port: 80 } }));
    expect(problemsWith('contour', service({ mirror }))).toEqual(['warning spec.service.mirror']);
  });
});

function nested([key = '', ...rest]: readonly string[], value: unknown): object {
  return { [key]: rest.length === 0 ? value : nested(rest, value) };
}

/** What only a webhook would check, or nobody: Istio, Knative, ApisixRoute and TrafficRoute store any weights. */
describe('the weights of a route are whole numbers from 0 to 100, which add up to 100, with', () => {
  const withRoute = routers.flatMap((router) => {
    const example = routerExamples.get(router);
    const { provider, route } = router;
    return example === undefined || route === undefined ? [] : [{ provider, route, example }];
  });

  it.each(withRoute)('$provider', ({ provider, route, example }) => {
    const spec: CanarySpec = { ...specOf({ provider, service: example.service }), ...example.spec };
    fc.assert(
      fc.property(fc.nat(100), (canary) => {
        const { source } = example;
        const rendered = route.render(wishOf(spec, { split: splitToward(canary), source }));
        const weights = Object.values(viewFor(route.view(rendered), 'cart')?.weights ?? {});
        expect(weights.every((weight) => Number.isInteger(weight) && weight >= 0)).toBe(true);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(100);
      }),
    );
  });
});
