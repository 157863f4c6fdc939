import { describe, expect, it } from '@jest/globals';
import type { Metric } from '../../src/api/analysis.ts';
import { measureProblems } from '../../src/measure/problems.ts';
import { providers } from '../../src/traffic/routers.ts';
import { spec } from '../fixture/observation.ts';

const rate: Metric = { name: 'request-success-rate', thresholdRange: { min: 99 } };
const duration: Metric = { name: 'request-duration', thresholdRange: { max: 500 } };
const mine: Metric = { name: 'mine', query: 'vector(1)', thresholdRange: { max: 1 } };

describe('a built-in check that nothing can answer', () => {
  it('is refused, with the place where it stands and a way out', () => {
    expect(measureProblems(spec({ analysis: { metrics: [mine, rate] } }), 'alb')).toEqual([
      {
        severity: 'error',
        reason: 'UnsupportedField',
        field: 'spec.analysis.metrics[1].name',
        value: 'request-success-rate',
        message: 'is request-success-rate, which is not built in for provider alb',
        fix: 'measure it with a MetricTemplate, under another name',
      },
    ]);
  });

  it('is refused in a step as well', () => {
    const steps = [{ weight: 10 }, { weight: 20, metrics: [duration] }];

    expect(measureProblems(spec({ analysis: { metrics: [], steps } }), 'alb')).toMatchObject([
      { field: 'spec.analysis.steps[1].metrics[0].name' },
    ]);
  });

  it('is refused where a provider can answer the other one only', () => {
    const found = measureProblems(spec({ analysis: { metrics: [rate, duration] } }), 'openshift');

    expect(found).toMatchObject([{ field: 'spec.analysis.metrics[1].name', value: 'request-duration' }]);
  });

  it('is refused although its entry names a template too, because it is a check of its own', () => {
    const both = { ...rate, templateRef: { name: 'ours' } };

    expect(measureProblems(spec({ analysis: { metrics: [both] } }), 'alb')).toHaveLength(1);
  });

  it('is none of these', () => {
    expect(measureProblems(spec({ analysis: { metrics: [mine] } }), 'alb')).toEqual([]);
    expect(measureProblems(spec({ analysis: { metrics: [] } }), 'alb')).toEqual([]);
  });
});

function proving(trafficProof: number | boolean | string, provider: string): readonly unknown[] {
  return measureProblems(spec({ analysis: { metrics: [], trafficProof } }), provider);
}

describe('a proof of traffic', () => {
  it('is warned of where nobody counts requests as they are split', () => {
    expect(proving(3, 'istio')).toEqual([
      {
        severity: 'warning',
        reason: 'IgnoredField',
        field: 'spec.analysis.trafficProof',
        value: 3,
        message:
          'is not used: with provider istio no proxy counts the requests of each side where it splits them',
        fix: 'remove it',
      },
    ]);
  });

  it('is not where somebody does, or where it is off', () => {
    expect(proving(3, 'contour')).toEqual([]);
    expect(proving('off', 'istio')).toEqual([]);
    expect(proving(false, 'istio')).toEqual([]);
  });
});

// Named here, so that a router without queries is a choice and not an oversight.
const withoutQueries: readonly string[] = ['alb', 'openshift'];

it.each(providers.filter((provider) => !withoutQueries.includes(provider)))(
  '%s answers both built-in checks',
  (provider) => {
    expect(measureProblems(spec({ analysis: { metrics: [rate, duration] } }), provider)).toEqual([]);
  },
);
