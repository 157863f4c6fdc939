import { describe, expect, it } from '@jest/globals';
import type { Metric } from '../../src/api/analysis.ts';
import { checksOf, sourceOf } from '../../src/judge/source.ts';

const templateRef = { name: 'latency', namespace: 'metrics' };

describe('the checks of a list of metrics', () => {
  it.each<[string, Metric, string[]]>([
    ['a built-in', { name: 'request-duration' }, ['builtin']],
    ['an inline query', { name: 'mine', query: 'up' }, ['query']],
    ['a template', { name: 'mine', templateRef }, ['template']],
    ['a built-in name and a query', { name: 'request-duration', query: 'up' }, ['builtin', 'query']],
    ['a built-in name and a template', { name: 'request-duration', templateRef }, ['builtin', 'template']],
    ['a query and a template', { name: 'mine', query: 'up', templateRef }, ['query', 'template']],
    [
      'all three',
      { name: 'request-success-rate', query: 'up', templateRef },
      ['builtin', 'query', 'template'],
    ],
    ['nothing to measure', { name: 'mine' }, ['unknown']],
    ['an empty query', { name: 'mine', query: '' }, ['unknown']],
  ])('%s', (_title, metric, sources) => {
    expect(checksOf([metric]).map((check) => sourceOf(check))).toEqual(sources);
  });

  it('come in the order of evaluation: templates last', () => {
    const metrics: Metric[] = [
      { name: 'first', templateRef },
      { name: 'second', query: 'up' },
      { name: 'request-duration', interval: '30s', thresholdRange: { max: 500 } },
    ];
    expect(checksOf(metrics)).toEqual([metrics[1], metrics[2], metrics[0]]);
  });
});
