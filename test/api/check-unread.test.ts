import { describe, expect, it } from '@jest/globals';
import { checkCanary } from '../../src/api/check.ts';
import { parseCanary } from '../../src/api/parse.ts';

function warnings(analysis: Record<string, unknown>): readonly string[] {
  const parsed = parseCanary({
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: {
      provider: 'kubernetes',
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'cart' },
      service: { port: 80 },
      analysis: { interval: '1m', threshold: 2, iterations: 3, ...analysis },
    },
  });
  return parsed.ok
    ? checkCanary(parsed.canary).map(({ field, message }) => `${field} ${message}`)
    : ['unreadable'];
}

describe('fields that have no effect yet', () => {
  it.each<[string, Record<string, unknown>, readonly string[]]>([
    ['none are there', {}, []],
    ['a limit', { inconclusiveLimit: 2 }, ['spec.analysis.inconclusiveLimit']],
    [
      'the policy of a metric',
      { metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 }, minSamples: 5 }] },
      ['spec.analysis.metrics[0].minSamples'],
    ],
    ['alerts', { alerts: [{ name: 'chat', providerRef: { name: 'chat' } }] }, ['spec.analysis.alerts']],
  ])('are warned of: %s', (_title, analysis, fields) => {
    expect(warnings(analysis)).toEqual(fields.map((field) => `${field} has no effect in this version`));
  });
});
