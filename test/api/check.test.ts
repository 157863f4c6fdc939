import { describe, expect, it } from '@jest/globals';
import type { Analysis } from '../../src/api/analysis.ts';
import type { Canary, CanarySpec } from '../../src/api/canary.ts';
import { type CheckOptions, checkCanary } from '../../src/api/check.ts';
import { formatProblem } from '../../src/api/problem.ts';
import type { Service } from '../../src/api/service.ts';

const sound: Canary = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'podinfo', namespace: 'test' },
  spec: {
    provider: 'contour',
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' },
    service: { port: 80 },
    analysis: { interval: '1m', threshold: 5, stepWeight: 10, maxWeight: 50 },
  },
};

const { stepWeight: _stepWeight, maxWeight: _maxWeight, ...unstepped } = sound.spec.analysis;
const knative = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'podinfo' } as const;
const autoscalerRef = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  name: 'podinfo',
} as const;

function withSpec(spec: Partial<CanarySpec>): Canary {
  return { ...sound, spec: { ...sound.spec, ...spec } };
}

function withService(service: Partial<Service>): Canary {
  return withSpec({ service: { port: 80, ...service } });
}

function withAnalysis(analysis: Analysis): Canary {
  return withSpec({ analysis: { ...sound.spec.analysis, ...analysis } });
}

function said(canary: Canary, options?: CheckOptions): string[] {
  return checkCanary(canary, options).map(
    (problem) => `${problem.severity}: ${problem.reason}: ${formatProblem(problem)}`,
  );
}

const hook = { name: 'load', url: 'http://loadtester.test/' };
const metric = { name: 'errors', query: 'up', thresholdRange: { max: 1 } };

it('has nothing to say about a sound Canary', () => {
  expect(said(sound)).toEqual([]);
  expect(said(withSpec({ analysis: { interval: '1m', threshold: 5, iterations: 10 } }))).toEqual([]);
  expect(
    said(
      withAnalysis({
        webhooks: [hook],
        metrics: [metric, { name: 'request-success-rate', threshold: 99 }],
        match: [{ headers: { 'x-user': { exact: 'a' } } }],
        sessionAffinity: { cookieName: 'canary', primaryCookieName: 'primary', maxAge: 0 },
      }),
    ),
  ).toEqual([]);
});

describe('refuses', () => {
  it.each<[string, Canary, string]>([
    [
      'a service without port',
      withSpec({ service: { port: 0 } }),
      'spec.service.port is 0, which is no port; use a whole number from 1 to 65535',
    ],
    [
      'half a port',
      withService({ port: 80.5 }),
      'spec.service.port is 80.5, which is no port; use a whole number from 1 to 65535',
    ],
    [
      'a target port out of range',
      withService({ targetPort: 70_000 }),
      'spec.service.targetPort is 70000, which is no port; use a whole number from 1 to 65535',
    ],
    [
      'a name that leaves no room for its suffix',
      withSpec({ targetRef: { ...sound.spec.targetRef, name: 'a'.repeat(56) } }),
      `spec.targetRef.name has 56 characters, so that a Service called ${'a'.repeat(56)}-primary cannot be created; use at most 55; spec.service.name need not be the name of the target`,
    ],
    [
      'a name that is none of a Service',
      withService({ name: '1st' }),
      'spec.service.name is "1st", which cannot be the name of a Service; set spec.service.name to lower-case letters, digits and dashes, with a letter first',
    ],
    [
      'a step of nothing',
      withAnalysis({ stepWeight: 0 }),
      'spec.analysis.stepWeight is 0, so that a run would never get on; use a step from 1 to 100',
    ],
    [
      'a step backward',
      withAnalysis({ stepWeight: -5 }),
      'spec.analysis.stepWeight is -5, so that a run would never get on; use a step from 1 to 100',
    ],
    [
      'no steps',
      withSpec({ analysis: { ...unstepped, stepWeights: [] } }),
      'spec.analysis.stepWeights is [], so that a run would never get on; list the weights, for example [10, 30, 50]',
    ],
    [
      'half a step home',
      withAnalysis({ stepWeightRollback: 2.5 }),
      'spec.analysis.stepWeightRollback is 2.5, which is not a whole number; use a whole number',
    ],
    [
      'a path that would smuggle an attribute into the cookie',
      withAnalysis({ sessionAffinity: { cookieName: 'cart', maxAge: 60, path: '/; Domain=example.com' } }),
      'spec.analysis.sessionAffinity.path is "/; Domain=example.com", which would not end where it should; leave out semicolons, blanks and control characters',
    ],
    [
      'D27: steps that do not ascend',
      withSpec({ analysis: { ...unstepped, stepWeights: [10, 30, 30] } }),
      'spec.analysis.stepWeights[2] is 30, after 30; list weights in ascending order, from 1 to 100',
    ],
    [
      'a first step of nothing',
      withSpec({ analysis: { ...unstepped, stepWeights: [0, 30] } }),
      'spec.analysis.stepWeights[0] is 0; list weights in ascending order, from 1 to 100',
    ],
    [
      'no iterations',
      withSpec({ analysis: { ...unstepped, iterations: 0 } }),
      'spec.analysis.iterations is 0, so that a run would never get on; use at least 1',
    ],
    [
      'no strategy',
      withSpec({ analysis: unstepped }),
      'spec.analysis has no strategy; set stepWeight or stepWeights for a canary, iterations for blue/green or A/B',
    ],
    [
      'half a step',
      withAnalysis({ stepWeight: 2.5 }),
      'spec.analysis.stepWeight is 2.5, which is not a whole number; use a whole number',
    ],
    [
      'a metric that nobody can measure',
      withAnalysis({ metrics: [{ name: 'error-rate', thresholdRange: { max: 1 } }] }),
      'spec.analysis.metrics[0] is called "error-rate", which is not built in, and has neither templateRef nor query; add one of them, or use request-success-rate or request-duration',
    ],
    [
      'bounds that exclude each other',
      withAnalysis({ metrics: [{ ...metric, thresholdRange: { min: 2, max: 1 } }] }),
      'spec.analysis.metrics[0].thresholdRange has a min of 2 above its max of 1, so that no value passes; exchange them',
    ],
    [
      'a range that is no duration',
      withAnalysis({ metrics: [{ ...metric, interval: '1mx' }] }),
      'spec.analysis.metrics[0].interval is "1mx", which is no duration; write a duration such as 30s or 1m',
    ],
    [
      'a step with such a metric',
      withAnalysis({ steps: [{ metrics: [{ ...metric, interval: '1mx' }] }] }),
      'spec.analysis.steps[0].metrics[0].interval is "1mx", which is no duration; write a duration such as 30s or 1m',
    ],
    [
      'a webhook without address',
      withAnalysis({ webhooks: [{ ...hook, url: 'loadtester' }] }),
      'spec.analysis.webhooks[0].url is "loadtester", which is no web address; write an address that starts with http:// or https://',
    ],
    [
      'one cookie for two',
      withAnalysis({ sessionAffinity: { cookieName: 'a', primaryCookieName: 'a', maxAge: 1 } }),
      'spec.analysis.sessionAffinity.primaryCookieName is the same as cookieName, so that nobody could tell primary and canary apart; use another name',
    ],
    [
      'a name that no cookie can have',
      withAnalysis({ sessionAffinity: { cookieName: 'a b', maxAge: 1 } }),
      'spec.analysis.sessionAffinity.cookieName is "a b", which cannot be the name of a cookie; use letters, digits and dashes',
    ],
    [
      'a tolerance of more than everything',
      withAnalysis({ trafficProof: 140 }),
      'spec.analysis.trafficProof is 140, which is neither off nor a number of percentage points; use off, or a number from 0 to 100 such as 5',
    ],
    [
      'a tolerance in words',
      withAnalysis({ trafficProof: '5%' }),
      'spec.analysis.trafficProof is "5%", which is neither off nor a number of percentage points; use off, or a number from 0 to 100 such as 5',
    ],
    [
      'a Knative target with another provider',
      withSpec({ targetRef: knative }),
      'spec.provider is contour, but the target is a Knative Service; set it to knative',
    ],
    [
      'knative with another target',
      withSpec({ provider: 'knative' }),
      'spec.targetRef is no Knative Service, but the provider is knative; name a Service of serving.knative.dev/v1, or choose another provider',
    ],
    [
      'a Knative target with an autoscaler',
      withSpec({ provider: 'knative', targetRef: knative, autoscalerRef }),
      'spec.autoscalerRef cannot be used with a Knative Service, which scales itself; remove it',
    ],
    [
      'delegation with hosts',
      {
        ...withService({ delegation: true, hosts: ['a'] }),
        spec: { ...withService({ delegation: true, hosts: ['a'] }).spec, provider: 'istio' },
      },
      'spec.service.hosts cannot be set together with delegation; remove it; the VirtualService that delegates has the hosts',
    ],
    [
      'another apex than the target Service',
      withSpec({ targetRef: { ...knative, apiVersion: 'v1' }, service: { port: 80, name: 'web' } }),
      'spec.service.name differs from the target, which is itself the apex Service; remove it',
    ],
  ])('%s', (_title, canary, message) => {
    // Errors come first; what has no effect yet is warned of besides.
    expect(said(canary)[0]).toBe(`error: InvalidSpec: ${message}`);
    expect(said(canary).filter((line) => line.startsWith('error:'))).toHaveLength(1);
  });

  it.each([{}, { headers: {} }, { headers: {}, queryParams: {}, sourceLabels: {} }])(
    'the match entry %j, which takes every user',
    (entry) => {
      const canary = withAnalysis({ match: [{ headers: { a: { exact: 'b' } } }, entry] });
      expect(said(canary)).toEqual([
        'error: UnsupportedMatch: spec.analysis.match[1] has no condition and would take every user; add headers, queryParams or sourceLabels; other conditions belong to spec.service.match',
      ]);
      expect(said({ ...canary, spec: { ...canary.spec, provider: 'kubernetes' } })).toEqual([]);
    },
  );

  it('a Canary without service, but for Knative', () => {
    const { service: _service, ...rest } = sound.spec;
    expect(said({ ...sound, spec: rest })).toEqual([
      'error: InvalidSpec: spec.service is missing; add it with the port that podinfo is reached at',
    ]);
    expect(said({ ...sound, spec: { ...rest, provider: 'knative', targetRef: knative } })).toEqual([]);
  });

  it.each([
    ['nginx', 'spec.ingressRef'],
    ['skipper', 'spec.ingressRef'],
    ['apisix', 'spec.routeRef'],
    ['appmesh', 'spec.service.meshName'],
    ['gatewayapi:v1', 'spec.service.gatewayRefs'],
  ] as const)('%s without %s', (provider, field) => {
    expect(checkCanary(withSpec({ provider }))).toMatchObject([
      { severity: 'error', reason: 'MissingReference', field },
    ]);
  });

  it.each([
    [
      'contour',
      'HTTPRoute',
      'is HTTPRoute, and the provider is contour; set spec.provider to gatewayapi:v1, or name one of kind HTTPProxy',
    ],
    [
      'gatewayapi:v1',
      'HTTPProxy',
      'is HTTPProxy, and the provider is gatewayapi:v1; set spec.provider to contour, or name one of kind HTTPRoute',
    ],
    [
      'kubernetes',
      'IngressRoute',
      'is IngressRoute, and the provider is kubernetes; set spec.provider to traefik, or remove routeRef',
    ],
  ] as const)('for %s a route of kind %s', (provider, kind, message) => {
    const routeRef = { apiVersion: 'x/v1', kind, name: 'storefront' };
    expect(
      errorsOf(
        withSpec({
          provider,
          routeRef,
          service: { port: 80, gatewayRefs: [{ group: '', kind: 'Gateway', name: 'g' }] },
        }),
      ).map(formatProblem),
    ).toEqual([`spec.routeRef.kind ${message}`]);
  });

  it.each([
    ['contour', 'HTTPProxy'],
    ['gatewayapi:v1', 'HTTPRoute'],
    ['gatewayapi:v1beta1', 'HTTPRoute'],
    ['gatewayapi:v1:grpc', 'GRPCRoute'],
    ['istio', 'VirtualService'],
    ['traefik', 'TraefikService'],
    ['traefik', 'IngressRoute'],
  ] as const)('nothing of a route for %s of kind %s, which has all that a route needs', (provider, kind) => {
    const routeRef = { apiVersion: 'x/v1', kind, name: 'storefront' };
    expect(said(withSpec({ provider, routeRef }))).toEqual([]);
  });

  it.each([
    ['gatewayapi', true],
    ['crossover', true],
    ['gatewayapi:v1', false],
    ['smi:v1alpha1:istio', false],
    ['gloo:discovery', false],
  ])('the default provider %s: %p', (defaultProvider, isUnknown) => {
    const { provider: _provider, ...rest } = sound.spec;
    const problems = checkCanary({ ...sound, spec: rest }, { defaultProvider });
    expect(problems.some(({ reason }) => reason === 'UnknownProvider')).toBe(isUnknown);
  });

  it('references to other namespaces, where they are forbidden', () => {
    const canary = withSpec({
      provider: 'gloo',
      upstreamRef: { apiVersion: 'v1', kind: 'Upstream', name: 'u', namespace: 'gloo-system' },
      analysis: {
        ...sound.spec.analysis,
        metrics: [
          { name: 'a', templateRef: { name: 'a' }, thresholdRange: { max: 1 } },
          { name: 'b', templateRef: { name: 'b', namespace: 'test' }, thresholdRange: { max: 1 } },
          { name: 'c', templateRef: { name: 'c', namespace: 'other' }, thresholdRange: { max: 1 } },
        ],
        alerts: [{ name: 'on-call', providerRef: { name: 'p', namespace: 'other' } }],
      },
    });
    expect(errorsOf(canary)).toEqual([]);
    const problems = errorsOf(canary, { noCrossNamespaceRefs: true });
    expect(problems.map(({ reason, field }) => `${reason} ${field}`)).toEqual([
      'CrossNamespaceReference spec.upstreamRef.namespace',
      'CrossNamespaceReference spec.analysis.metrics[2].templateRef.namespace',
      'CrossNamespaceReference spec.analysis.alerts[0].providerRef.namespace',
    ]);
  });
});

describe('remarks upon', () => {
  it.each<[string, Canary, string]>([
    [
      'an ApisixRoute for another provider',
      withSpec({ routeRef: { apiVersion: 'apisix.apache.org/v2', kind: 'ApisixRoute', name: 'cart' } }),
      'IgnoredField: spec.routeRef is not honoured by contour; remove it',
    ],
    [
      'a threshold of 0',
      withAnalysis({ threshold: 0 }),
      'AdjustedValue: spec.analysis.threshold is 0, which is taken as 1; use at least 1',
    ],
    [
      'a maximum of 0',
      withAnalysis({ maxWeight: 0 }),
      'AdjustedValue: spec.analysis.maxWeight is 0, which is taken as 100; use 1 to 100',
    ],
    [
      'more than everything',
      withAnalysis({ stepWeight: 200 }),
      'AdjustedValue: spec.analysis.stepWeight is 200, which is taken as 100; use at most 100',
    ],
    [
      'percentages that are none',
      withAnalysis({ canaryReadyThreshold: 120 }),
      'AdjustedValue: spec.analysis.canaryReadyThreshold is 120, which is taken as 100; use a percentage',
    ],
    [
      'a short interval',
      withAnalysis({ interval: '500ms' }),
      'AdjustedValue: spec.analysis.interval is "500ms", which is taken as 10s; write a duration of at least 10s',
    ],
    [
      'an interval that is none',
      withAnalysis({ interval: '1mfoo' }),
      'AdjustedValue: spec.analysis.interval is "1mfoo", which is taken as 60s; write a duration of at least 10s',
    ],
    [
      'a deadline of nothing',
      withSpec({ progressDeadlineSeconds: 0 }),
      'AdjustedValue: spec.progressDeadlineSeconds is 0, which is taken as 600; use at least 1',
    ],
    [
      'two strategies',
      withAnalysis({ iterations: 5 }),
      'IgnoredField: spec.analysis.stepWeight is not used, because iterations is set; remove one of them',
    ],
    [
      'session affinity where no weights move users',
      withSpec({
        provider: 'gatewayapi:v1',
        service: { port: 80, gatewayRefs: [{ group: '', kind: 'Gateway', name: 'public' }] },
        analysis: { ...unstepped, iterations: 5, sessionAffinity: { cookieName: 'cart', maxAge: 60 } },
      }),
      'IgnoredField: spec.analysis.sessionAffinity is not used, because iterations is set: no user moves between primary and canary during the run; remove it, or set stepWeight instead of iterations',
    ],
    [
      'copies in an A/B test',
      withSpec({
        analysis: {
          ...unstepped,
          iterations: 5,
          mirror: true,
          match: [{ headers: { 'x-user': { exact: 'a' } } }],
        },
      }),
      'IgnoredField: spec.analysis.mirror is not used in an A/B test: the canary gets the requests themselves; remove it, or remove match',
    ],
    [
      'a tolerance where users are chosen',
      withSpec({
        analysis: {
          ...unstepped,
          iterations: 5,
          trafficProof: 3,
          match: [{ headers: { 'x-user': { exact: 'a' } } }],
        },
      }),
      'IgnoredField: spec.analysis.trafficProof is not used as a tolerance: match and sessionAffinity choose who meets the canary, so that no share is known; remove it, or remove match and sessionAffinity',
    ],
    [
      'a share of no copies',
      withAnalysis({ mirrorWeight: 20 }),
      'IgnoredField: spec.analysis.mirrorWeight is not used, because mirror is not true; set mirror, or remove mirrorWeight',
    ],
    [
      'two maxima',
      withSpec({ analysis: { ...unstepped, maxWeight: 50, stepWeights: [10, 30] } }),
      'IgnoredField: spec.analysis.maxWeight is not used, because stepWeights is set: the last one of them is the maximum; remove it',
    ],
    [
      'a step home of more than everything',
      withAnalysis({ stepWeightRollback: 120 }),
      'AdjustedValue: spec.analysis.stepWeightRollback is 120, which is taken as 100; use a percentage',
    ],
    [
      'two thresholds',
      withAnalysis({ metrics: [{ ...metric, threshold: 1 }] }),
      'IgnoredField: spec.analysis.metrics[0].threshold is not used, because thresholdRange is set; remove it',
    ],
    [
      'no threshold',
      withAnalysis({ metrics: [{ name: 'errors', query: 'up' }] }),
      'AdjustedValue: spec.analysis.metrics[0] has no threshold, which is taken as 0; add thresholdRange',
    ],
    [
      'an empty range',
      withAnalysis({ metrics: [{ ...metric, thresholdRange: {} }] }),
      'AdjustedValue: spec.analysis.metrics[0].thresholdRange has neither min nor max, so that every value passes; add one of them',
    ],
    [
      'two queries',
      withAnalysis({ metrics: [{ ...metric, templateRef: { name: 't' } }] }),
      'AdjustedValue: spec.analysis.metrics[0].query is checked in addition to templateRef; keep one of them',
    ],
    [
      'a hook that nothing waits for',
      withAnalysis({ webhooks: [{ ...hook, type: 'event', url: 'x' }] }),
      'AdjustedValue: spec.analysis.webhooks[0].url is "x", which is no web address; write an address that starts with http:// or https://',
    ],
    [
      'a time-out that is none',
      withAnalysis({ webhooks: [{ ...hook, timeout: '5sx' }] }),
      'AdjustedValue: spec.analysis.webhooks[0].timeout is "5sx", which is taken as 10s; write a duration such as 30s',
    ],
    [
      'an Upstream without gloo',
      withSpec({ upstreamRef: { apiVersion: 'v1', kind: 'Upstream', name: 'u' } }),
      'IgnoredField: spec.upstreamRef is not honoured by contour; remove it',
    ],
    [
      'an autoscaler of what has no replicas',
      withSpec({ targetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'podinfo' }, autoscalerRef }),
      'IgnoredField: spec.autoscalerRef is not honoured: a DaemonSet has no replicas that an autoscaler could set; remove it',
    ],
    [
      'an empty match of the route',
      withService({ match: [{}] }),
      'InvalidSpec: spec.service.match[0] is empty and takes every request; say what to match, or remove it',
    ],
  ])('%s', (_title, canary, message) => {
    expect(said(canary)).toEqual([`warning: ${message}`]);
  });

  it('no short interval where the minimum is lower', () => {
    expect(said(withAnalysis({ interval: '1s' }), { minimumIntervalMs: 1000 })).toEqual([]);
  });
});

function errorsOf(...args: Parameters<typeof checkCanary>): ReturnType<typeof checkCanary> {
  return checkCanary(...args).filter(({ severity }) => severity === 'error');
}
