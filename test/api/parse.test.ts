import { describe, expect, it } from '@jest/globals';
import { parseAlertProvider, parseCanary, parseMetricTemplate, parseStatus } from '../../src/api/parse.ts';
import { formatProblem } from '../../src/api/problem.ts';

const plain = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'podinfo', namespace: 'test' },
  spec: {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' },
    service: { port: 80 },
    analysis: { interval: '1m', threshold: 5, stepWeight: 10 },
  },
};

function withSpec(spec: object): unknown {
  return { ...plain, spec: { ...plain.spec, ...spec } };
}

function withAnalysis(analysis: object): unknown {
  return withSpec({ analysis: { ...plain.spec.analysis, ...analysis } });
}

function parsed(object: unknown) {
  const result = parseCanary(object);
  if (!result.ok) {
    throw new Error(result.problems.map(formatProblem).join('\n'));
  }
  return result.canary;
}

function problemsOf(object: unknown): string[] {
  const result = parseCanary(object);
  return result.ok ? [] : result.problems.map(formatProblem);
}

describe('parseCanary', () => {
  it('reads a Canary and leaves the rest as it is', () => {
    expect(parsed(plain)).toEqual({ ...plain, status: {} });
  });

  it('takes a null for an absent field, at any depth', () => {
    const canary = parsed(
      withAnalysis({ metrics: null, webhooks: [{ name: 'a', url: 'http://a', timeout: null }] }),
    );
    expect(canary.spec.analysis.metrics).toBeUndefined();
    expect(canary.spec.analysis.webhooks).toEqual([{ name: 'a', url: 'http://a' }]);
  });

  it('keeps fields it does not know', () => {
    expect(parsed(withSpec({ fromTheFuture: { a: [1] } })).spec).toHaveProperty('fromTheFuture', { a: [1] });
  });

  it('fills in what the API server would', () => {
    const canary = parsed(
      withSpec({
        service: {
          port: 80,
          gatewayRefs: [{ name: 'g' }],
          mirror: [{ backendRef: { name: 'm', port: 80 } }],
        },
        analysis: { ...plain.spec.analysis, sessionAffinity: { cookieName: 'c' } },
      }),
    );
    expect(canary.spec.service?.gatewayRefs).toEqual([
      { name: 'g', group: 'gateway.networking.k8s.io', kind: 'Gateway' },
    ]);
    expect(canary.spec.service?.mirror?.[0]?.backendRef).toEqual({
      name: 'm',
      port: 80,
      group: '',
      kind: 'Service',
    });
    expect(canary.spec.analysis.sessionAffinity).toEqual({ cookieName: 'c', maxAge: 86_400 });
  });

  it('takes the default namespace where there is none', () => {
    expect(parsed({ ...plain, metadata: { name: 'podinfo' } }).metadata.namespace).toBe('default');
  });

  it.each([
    [
      'a missing field',
      withSpec({ targetRef: { apiVersion: 'apps/v1', kind: 'Deployment' } }),
      'spec.targetRef.name is missing; add it',
    ],
    [
      'an unknown value',
      withSpec({ service: { port: 80, trafficDistribution: 'Near' } }),
      'spec.service.trafficDistribution is "Near", which is not allowed; use one of PreferClose, PreferSameZone, PreferSameNode',
    ],
    [
      'a number in quotes',
      withSpec({ service: { port: '80' } }),
      'spec.service.port must be a number, not text; write it without quotes: 80',
    ],
    [
      'a number for a text',
      withSpec({ metricsServer: 9090 }),
      'spec.metricsServer must be text, not a number; put it in quotes: "9090"',
    ],
    [
      'a map for a list',
      withAnalysis({ metrics: {} }),
      'spec.analysis.metrics must be a list, not a map; write a list',
    ],
    [
      'an interval in hours',
      withAnalysis({ interval: '1h' }),
      'spec.analysis.interval is "1h", which is not a duration in minutes or seconds, such as 30s or 1m30s; write a duration in minutes or seconds, such as 30s or 1m30s',
    ],
    [
      'a port out of range',
      withSpec({ service: { port: 80, gatewayRefs: [{ name: 'g', port: 0 }] } }),
      'spec.service.gatewayRefs[0].port is 0, which is out of range; use at least 1',
    ],
    [
      'a port name of the wrong type',
      withSpec({ service: { port: 80, targetPort: {} } }),
      'spec.service.targetPort must not be {}; write a number or text',
    ],
    [
      'a field that Serin adds',
      withAnalysis({ steps: [{ weight: 120 }] }),
      'spec.analysis.steps[0].weight is 120, which is out of range; use at most 100',
    ],
    [
      'a null in a list',
      withAnalysis({ metrics: [null] }),
      'spec.analysis.metrics[0] must be a map, not nothing; write a map',
    ],
    [
      'another version',
      { ...plain, apiVersion: 'flagger.app/v1alpha3' },
      'apiVersion is "flagger.app/v1alpha3", which is not allowed; use flagger.app/v1beta1',
    ],
    ['no spec', { ...plain, spec: undefined }, 'spec is missing; add it'],
    ['no object', null, 'the object must be a map, not nothing; write a map'],
  ])('names %s', (_title, object, message) => {
    expect(problemsOf(object)).toEqual([message]);
  });

  it('tells all problems at once', () => {
    expect(problemsOf(withSpec({ targetRef: {}, provider: 'x' }))).toHaveLength(4);
  });

  it('quotes keys that are no plain words', () => {
    const match = [{ headers: { 'x-user.name/a': { exact: 1 } } }];
    const result = parseCanary(withAnalysis({ match }));
    expect(result).toMatchObject({
      ok: false,
      problems: [{ field: 'spec.analysis.match[0].headers["x-user.name/a"].exact', value: 1 }],
    });
  });
});

describe('the status', () => {
  it('drops what cannot be read and what it does not know', () => {
    const status = { phase: 'Succeeded', canaryWeight: 'ten', lastTrackedRevision: 'x', failedChecks: 2 };
    expect(parsed({ ...plain, status }).status).toEqual({ phase: 'Succeeded', failedChecks: 2 });
  });

  it('is refused when its run cannot be read, for the run says where the traffic is', () => {
    const object = { ...plain, status: { run: { id: 7 } } };
    expect(parseCanary(object)).toMatchObject({
      ok: false,
      problems: [{ field: 'status.run', reason: 'InvalidSpec' }],
    });
    expect(parseStatus(object.status)).toMatchObject({ ok: false });
  });

  it('can be read without the spec', () => {
    expect(parseStatus({ phase: 'Failed', run: null })).toEqual({ ok: true, status: { phase: 'Failed' } });
    expect(parseStatus(undefined)).toEqual({ ok: true, status: {} });
  });
});

describe('the other kinds', () => {
  it('reads a MetricTemplate', () => {
    const template = {
      apiVersion: 'flagger.app/v1beta1',
      kind: 'MetricTemplate',
      metadata: { name: 'errors', namespace: 'test' },
      spec: {
        provider: { type: 'prometheus', address: 'http://prometheus:9090', headers: { a: ['b'] } },
        query: 'up',
      },
    };
    expect(parseMetricTemplate(template)).toEqual({ ok: true, template });
    expect(parseMetricTemplate({ ...template, spec: { ...template.spec, query: null } })).toMatchObject({
      ok: false,
      problems: [{ field: 'spec.query', message: 'is missing' }],
    });
  });

  it('reads an AlertProvider', () => {
    const provider = {
      apiVersion: 'flagger.app/v1beta1',
      kind: 'AlertProvider',
      metadata: { name: 'on-call', namespace: 'test' },
      spec: { type: 'slack', secretRef: { name: 'slack' } },
    };
    expect(parseAlertProvider(provider)).toEqual({ ok: true, provider });
    expect(parseAlertProvider({ ...provider, spec: { type: 'pager' } })).toMatchObject({
      ok: false,
      problems: [{ field: 'spec.type', fix: 'use one of slack, msteams, discord, rocket, gchat' }],
    });
  });
});
