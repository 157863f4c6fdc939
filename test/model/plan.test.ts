import { describe, expect, it } from '@jest/globals';
import type { Analysis } from '../../src/api/analysis.ts';
import type { CanarySpec } from '../../src/api/canary.ts';
import type { Plan } from '../../src/api/status.ts';
import { planOf } from '../../src/model/plan.ts';
import { spec } from '../fixture/observation.ts';

const of = (wanted: CanarySpec, provider = 'gatewayapi:v1'): Plan =>
  planOf(wanted, {
    provider,
    minimumIntervalMs: 10_000,
    canMirror: provider !== 'kubernetes',
    countsWhereSplit: provider === 'contour',
    keepsClients: false,
  });
const match = [{ headers: { 'x-user': { exact: 'insider' } } }];

describe('what a spec means as a plan', () => {
  it.each<[string, Partial<Analysis>, string, Partial<Plan>]>([
    [
      'weighted by stepWeight',
      { stepWeight: 20, maxWeight: 50 },
      'gatewayapi:v1',
      { strategy: 'canary', weights: [20, 40, 60], iterations: 0 },
    ],
    [
      'weighted by a list',
      { stepWeight: 0, stepWeights: [5, 30] },
      'gatewayapi:v1',
      { strategy: 'canary', weights: [5, 30] },
    ],
    [
      'blue/green',
      { iterations: 3 },
      'gatewayapi:v1',
      { strategy: 'blue-green', weights: [], iterations: 3 },
    ],
    ['A/B', { iterations: 3, match }, 'gatewayapi:v1', { strategy: 'ab-testing', iterations: 3 }],
    [
      'blue/green where nothing can be matched',
      { iterations: 3, match },
      'kubernetes',
      { strategy: 'blue-green' },
    ],
    [
      'blue/green of ten rounds where nothing can be split',
      { stepWeight: 20 },
      'kubernetes',
      { strategy: 'blue-green', iterations: 10 },
    ],
  ])('%s', (_title, analysis, provider, expected) => {
    expect(of(spec({ analysis }), provider)).toMatchObject(expected);
  });

  it.each<[string, CanarySpec, Partial<Plan>]>([
    ['an interval below the least', spec({ analysis: { interval: '1s' } }), { intervalMs: 10_000 }],
    ['a longer one', spec({ analysis: { interval: '2m' } }), { intervalMs: 120_000 }],
    ['a threshold of 0, which is 1', spec({ analysis: { threshold: 0 } }), { threshold: 1 }],
    [
      'no deadline, which is ten minutes',
      spec({ progressDeadlineSeconds: 0 }),
      { progressDeadlineMs: 600_000 },
    ],
    ['skipAnalysis', spec({ skipAnalysis: true }), { skipAnalysis: true }],
    ['stepWeightPromotion', spec({ analysis: { stepWeightPromotion: 130 } }), { stepWeightPromotion: 100 }],
  ])('with %s', (_title, wanted, expected) => {
    expect(of(wanted)).toMatchObject(expected);
  });

  it.each<[string, Partial<Analysis>, string, Plan['trafficProof']]>([
    ['by default, within five points', {}, 'contour', { tolerancePercent: 5 }],
    ['within as many as it says', { trafficProof: 2 }, 'contour', { tolerancePercent: 2 }],
    ['on, as YAML 1.1 reads it', { trafficProof: true }, 'contour', { tolerancePercent: 5 }],
    ['off', { trafficProof: 'off' }, 'contour', undefined],
    ['off, as YAML 1.1 reads it', { trafficProof: false }, 'contour', undefined],
    ['not where nobody counts', { trafficProof: 2 }, 'gatewayapi:v1', undefined],
    ['on the way back alone where users are matched', { match }, 'contour', {}],
    [
      'on the way back alone where users have cookies',
      { sessionAffinity: { cookieName: 'cart', maxAge: 60 } },
      'contour',
      {},
    ],
  ])('proves traffic %s', (_title, analysis, provider, expected) => {
    expect(of(spec({ analysis }), provider).trafficProof).toEqual(expected);
  });

  it('names the provider that is in effect', () => {
    expect(of(spec(), 'contour').provider).toBe('contour');
  });
});
