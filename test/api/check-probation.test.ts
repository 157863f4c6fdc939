import { describe, expect, it } from '@jest/globals';
import { probationProblems } from '../../src/api/check-probation.ts';
import type { Problem } from '../../src/api/problem.ts';
import { spec } from '../fixture/observation.ts';

function problemsOf(override: Parameters<typeof spec>[0]): readonly Problem[] {
  const wanted = spec(override);
  return probationProblems({
    canary: {
      apiVersion: 'flagger.app/v1beta1',
      kind: 'Canary',
      metadata: { name: 'cart', namespace: 'shop' },
      spec: wanted,
    },
    provider: wanted.provider,
    noCrossNamespaceRefs: false,
    minimumIntervalMs: 10_000,
  });
}

const probation = '10m';

describe('probation', () => {
  it('is fine for a Deployment whose traffic can be moved', () => {
    expect(problemsOf({ analysis: { probation } })).toEqual([]);
    expect(problemsOf({})).toEqual([]);
  });

  it.each<[string, Parameters<typeof spec>[0], string]>([
    ['skipAnalysis', { skipAnalysis: true, analysis: { probation } }, 'skipAnalysis judges nothing'],
    ['no metrics', { analysis: { probation, metrics: [] } }, 'has no metrics'],
    [
      'a DaemonSet',
      { targetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'cart' }, analysis: { probation } },
      'the target is a DaemonSet',
    ],
    ['provider kubernetes', { provider: 'kubernetes', analysis: { probation } }, 'moves no traffic'],
    [
      'an A/B test',
      { analysis: { probation, iterations: 3, match: [{ headers: { a: { exact: 'b' } } }] } },
      'an A/B test moves the matched users only',
    ],
    [
      'session affinity',
      { analysis: { probation, sessionAffinity: { cookieName: 'c', maxAge: 60 } } },
      'sessionAffinity keeps clients where they are',
    ],
  ])('is warned of with %s, before a run relies on it', (_title, override, text) => {
    const [problem, ...more] = problemsOf(override);

    expect(problem).toMatchObject({ severity: 'warning', field: 'spec.analysis.probation' });
    expect(problem?.message).toContain(text);
    expect(more).toEqual([]);
  });
});
