// Metrics that say nothing: each has its own reason in the round, holds the run, and in the end takes it back.
import type { Metric } from '../../../src/api/analysis.ts';
import { expect, type Scene, type Story } from './story.ts';

interface Silence {
  readonly name: string;
  readonly outcome: string;
  readonly reason: string;
  readonly metric: Partial<Metric>;
}

const max = { thresholdRange: { max: 1 } };

const silences: readonly Silence[] = [
  {
    name: 'wrong-address',
    outcome: 'unavailable',
    reason: 'ConnectionFailed',
    metric: { templateRef: { name: 'wrong-address' } },
  },
  { name: 'many-series', outcome: 'inconclusive', reason: 'TooManySeries', metric: { query: 'up' } },
  { name: 'nan', outcome: 'noData', reason: 'NotANumber', metric: { query: 'vector(0) / vector(0)' } },
  { name: 'nothing', outcome: 'noData', reason: 'NoSeries', metric: { query: 'no_such_series' } },
  { name: 'no-promql', outcome: 'unavailable', reason: '', metric: { query: 'sum((' } },
  {
    name: 'no-template',
    outcome: 'unavailable',
    reason: '',
    metric: { templateRef: { name: 'absent' } },
  },
];

async function tellOne(scene: Scene, { name, outcome, reason, metric }: Silence): Promise<void> {
  await scene.deploy({ name, version: '1.0' });
  await scene.declare({
    name,
    target: name,
    provider: 'kubernetes',
    analysis: {
      iterations: 2,
      threshold: 2,
      metrics: [{ name: 'signal', interval: '10s', ...max, ...metric }],
    },
  });
  await scene.reach('Initialized', { name });
  await scene.release({ name, version: '2.0' });
  await scene.runStarts(name);
  const { status } = await scene.reach('Failed', { name });
  const rounds = (status.rounds ?? []).filter((round) => round.outcome !== 'pass');
  expect(rounds.length === 2, `${name}: ${rounds.length} rounds counted against the run, not 2`);
  for (const round of rounds) {
    const [check] = round.checks;
    expect(round.outcome === outcome, `${name}: the round is ${round.outcome}: ${check?.message}`);
    expect(
      reason === '' || check?.reason === reason,
      `${name}: the reason is ${check?.reason}: ${check?.message}`,
    );
  }
  const [check] = rounds[0]?.checks ?? [];
  scene.say(`${name}: ${check?.reason}: ${check?.message}`);
}

async function tell(scene: Scene): Promise<void> {
  await scene.kube.apply([
    {
      apiVersion: 'flagger.app/v1beta1',
      kind: 'MetricTemplate',
      metadata: { namespace: scene.namespace, name: 'wrong-address' },
      spec: { provider: { type: 'prometheus', address: 'http://127.0.0.1:9' }, query: 'vector(0)' },
    },
  ]);
  await Promise.all(silences.map((silence) => tellOne(scene, silence)));
}

export const badMetrics: readonly Story[] = [
  { name: 'bad-metrics', company: 'together', needsWorld: true, tell },
];
