import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Analysis } from '../../src/api/analysis.ts';
import type { CanarySpec } from '../../src/api/canary.ts';
import * as defaults from '../../src/api/defaults.ts';
import { parseDurationMs } from '../../src/api/duration.ts';

const spec: CanarySpec = {
  targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' },
  service: { port: 80 },
  analysis: {},
};

describe('parseDurationMs', () => {
  it.each([
    ['30s', 30_000],
    ['1m', 60_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1h15m', 4_500_000],
    ['1.5s', 1500],
    ['.5m', 30_000],
    ['0', 0],
    ['0s', 0],
    ['', undefined],
    ['10', undefined],
    ['1mfoo', undefined],
    ['-1m', undefined],
    ['1 m', undefined],
    ['5d', undefined],
    ['m', undefined],
  ])('reads %j as %p', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });

  it('reads what is put together from its parts', () => {
    const part = fc.nat({ max: 59 });
    fc.assert(
      fc.property(part, part, part, (h, m, s) => {
        expect(parseDurationMs(`${h}h${m}m${s}s`)).toBe(((h * 60 + m) * 60 + s) * 1000);
      }),
    );
  });
});

describe('analysis', () => {
  it.each<[Analysis, number]>([
    [{}, 60_000],
    [{ interval: '' }, 60_000],
    [{ interval: '1mfoo' }, 60_000],
    [{ interval: '500ms' }, 10_000],
    [{ interval: '10s' }, 10_000],
    [{ interval: '1m30s' }, 90_000],
  ])('%j has a round every %d ms', (analysis, expected) => {
    expect(defaults.intervalMs(analysis)).toBe(expected);
  });

  it('allows shorter intervals where told so', () => {
    expect(defaults.intervalMs({ interval: '500ms' }, 1000)).toBe(1000);
  });

  it.each<[Analysis, number]>([
    [{}, 1],
    [{ threshold: 0 }, 1],
    [{ threshold: -3 }, 1],
    [{ threshold: 5 }, 5],
  ])('%j rolls back at %d', (analysis, expected) => {
    expect(defaults.thresholdOf(analysis)).toBe(expected);
  });

  it.each<[Analysis, number[]]>([
    [{ stepWeight: 20, maxWeight: 50 }, [20, 40, 60]],
    [{ stepWeight: 25 }, [25, 50, 75, 100]],
    [{ stepWeight: 30 }, [30, 60, 90, 100]],
    [{ stepWeight: 10, maxWeight: 0 }, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]],
    [{ stepWeight: 200 }, [100]],
    [{ stepWeight: 50, maxWeight: 500 }, [50, 100]],
    [{ stepWeights: [1, 2, 10, 80] }, [1, 2, 10, 80]],
    [{ stepWeights: [10, 10, 5, 120, 130] }, [10, 100]],
    [{ stepWeights: [] }, []],
    [{ stepWeight: 0 }, []],
    [{}, []],
  ])('%j steps through %j', (analysis, expected) => {
    expect(defaults.stepWeights(analysis)).toEqual(expected);
  });

  it('steps ever upward, never above 100, and to the maximum', () => {
    const weights = fc.oneof(
      fc.record({
        stepWeight: fc.double({ min: 0.5, max: 150, noNaN: true }),
        maxWeight: fc.integer({ min: -5, max: 150 }),
      }),
      fc.record({ stepWeights: fc.array(fc.integer({ min: -20, max: 150 })) }),
    );
    fc.assert(
      fc.property(weights, (analysis) => {
        const steps = defaults.stepWeights(analysis);
        steps.forEach((weight, index) => {
          expect(weight).toBeGreaterThan(steps[index - 1] ?? 0);
          expect(weight).toBeLessThanOrEqual(100);
        });
        if ('stepWeight' in analysis) {
          expect(steps.at(-1)).toBeGreaterThanOrEqual(defaults.maxWeight(analysis) - 1e-9);
        }
      }),
    );
  });

  it.each<[Analysis, string, defaults.Strategy]>([
    [{ stepWeight: 10 }, 'istio', 'canary'],
    [{ iterations: 5 }, 'istio', 'blue-green'],
    [{ iterations: 5, match: [{ headers: { a: { exact: 'b' } } }] }, 'istio', 'ab-testing'],
    [{ stepWeight: 5, match: [{ headers: { a: { exact: 'b' } } }] }, 'istio', 'canary'],
    [{ iterations: 5, match: [{ headers: { a: { exact: 'b' } } }] }, 'kubernetes', 'blue-green'],
    [{ stepWeight: 10 }, 'kubernetes', 'blue-green'],
    [{ iterations: 0 }, 'contour', 'canary'],
  ])('%j with %s is %s', (analysis, provider, expected) => {
    expect(defaults.strategyOf(analysis, provider)).toBe(expected);
  });

  it('iterates ten times where nothing can be split', () => {
    expect(defaults.iterations({ stepWeight: 10 }, 'kubernetes')).toBe(10);
    expect(defaults.iterations({ iterations: 3 }, 'kubernetes')).toBe(3);
  });

  it('keeps percentages between 0 and 100', () => {
    expect(defaults.readyThresholds({})).toEqual({ primaryPercent: 100, canaryPercent: 100 });
    expect(defaults.readyThresholds({ primaryReadyThreshold: 120, canaryReadyThreshold: -1 })).toEqual({
      primaryPercent: 100,
      canaryPercent: 0,
    });
    expect(defaults.stepWeightPromotion({})).toBe(0);
    expect(defaults.stepWeightPromotion({ stepWeightPromotion: 30 })).toBe(30);
  });
});

describe('names', () => {
  it('come from the service, else from the target', () => {
    expect(defaults.serviceNames(spec)).toEqual({
      apex: 'podinfo',
      primary: 'podinfo-primary',
      canary: 'podinfo-canary',
    });
    expect(defaults.serviceNames({ ...spec, service: { port: 80, name: 'web' } }).canary).toBe('web-canary');
    expect(defaults.apexName({ ...spec, service: { port: 80, name: '' } })).toBe('podinfo');
    expect(defaults.primaryName({ ...spec, service: { port: 80, name: 'web' } })).toBe('podinfo-primary');
  });

  it('take the target for the apex where the target is a Service', () => {
    const target = { apiVersion: 'v1', kind: 'Service', name: 'external' } as const;
    expect(
      defaults.serviceNames({ ...spec, targetRef: target, service: { port: 80, name: 'web' } }).apex,
    ).toBe('external');
    expect(defaults.isKnative({ ...spec, targetRef: target })).toBe(false);
    expect(
      defaults.isKnative({ ...spec, targetRef: { ...target, apiVersion: 'serving.knative.dev/v1' } }),
    ).toBe(true);
  });
});

describe('small defaults', () => {
  it.each([
    [undefined, 600_000],
    [0, 600_000],
    [60, 60_000],
  ])('progressDeadlineSeconds %p is %d ms', (seconds, expected) => {
    const given = seconds === undefined ? spec : { ...spec, progressDeadlineSeconds: seconds };
    expect(defaults.progressDeadlineMs(given)).toBe(expected);
  });

  it.each([
    [undefined, 10_000],
    ['', 10_000],
    ['5s', 5000],
    ['1mx', 10_000],
    ['0s', 10_000],
  ])('webhook timeout %j is %d ms', (timeout, expected) => {
    const hook = { name: 'a', url: 'http://a' };
    expect(defaults.webhookTimeoutMs(timeout === undefined ? hook : { ...hook, timeout })).toBe(expected);
  });

  it('takes a webhook without type for a rollout one', () => {
    const hooks = [
      { name: 'a', url: 'http://a' },
      { name: 'b', url: 'http://b', type: '' },
      { name: 'c', url: 'http://c', type: 'event' },
    ] as const;
    expect(defaults.webhooksOf({ webhooks: [...hooks] }, 'rollout').map((hook) => hook.name)).toEqual([
      'a',
      'b',
    ]);
  });

  it('reads the deprecated threshold by the name of the metric', () => {
    expect(defaults.metricBounds({ name: 'request-success-rate', threshold: 99 })).toEqual({ min: 99 });
    expect(defaults.metricBounds({ name: 'request-duration', threshold: 500 })).toEqual({ max: 500 });
    expect(defaults.metricBounds({ name: 'mine' })).toEqual({ max: 0 });
    expect(defaults.metricBounds({ name: 'mine', threshold: 5, thresholdRange: { min: 1 } })).toEqual({
      min: 1,
    });
  });

  it('takes a minute for the range of a metric, and a day for a cookie', () => {
    expect(defaults.metricInterval({ name: 'a' })).toBe('1m');
    expect(defaults.metricInterval({ name: 'a', interval: '' })).toBe('1m');
    expect(defaults.metricInterval({ name: 'a', interval: '5m' })).toBe('5m');
    expect(defaults.cookieMaxAgeSeconds({ cookieName: 'a', maxAge: 0 })).toBe(86_400);
    expect(defaults.cookieMaxAgeSeconds({ cookieName: 'a', maxAge: 60 })).toBe(60);
  });

  it('matches nobody where nothing routes', () => {
    const analysis = { match: [{ headers: { a: { exact: 'b' } } }] };
    expect(defaults.matches(analysis, 'kubernetes')).toEqual([]);
    expect(defaults.matches(analysis, 'contour')).toEqual(analysis.match);
    expect(defaults.matches({}, 'contour')).toEqual([]);
  });

  it('D21: sends alerts from info up where no severity is given', () => {
    const alert = { name: 'a', providerRef: { name: 'p' } };
    expect(defaults.alertSeverity(alert)).toBe('info');
    expect(defaults.alertSeverity({ ...alert, severity: '' })).toBe('info');
    expect(defaults.alertSeverity({ ...alert, severity: 'error' })).toBe('error');
  });
});
