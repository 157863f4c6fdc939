import { describe, expect, it } from '@jest/globals';
import { createReport, identityOf } from '../../src/commands/report.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Observation } from '../../src/model/observation.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { intended } from '../fixture/decision.ts';
import { lab, settled } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';
import {
  canary,
  measured,
  observation,
  primary,
  route,
  running,
  spec,
  target,
  V2,
} from '../fixture/observation.ts';

interface Desk {
  readonly of: Lab;
  readonly report: ReturnType<typeof createReport>;
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
  readonly metric: (name: string) => Promise<readonly string[]>;
}

function desk(): Desk {
  const of = lab();
  const lines: string[] = [];
  const metrics = createMetrics({ version: '1', meshProvider: 'kubernetes', processMetrics: false });
  const report = createReport({
    log: createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }),
    metrics,
  });
  return {
    of,
    report,
    logged: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    metric: async (name) => (await metrics.text()).split('\n').filter((line) => line.startsWith(`${name}{`)),
  };
}

const failing = running({}, { answers: measured('fail') });

async function tell({ of, report }: Desk, seen: Observation): Promise<void> {
  report.intended(of.view(), seen, intended(seen));
  await settled();
}

describe('a notice', () => {
  it('becomes a log line, by its own word', async () => {
    const of = desk();
    await tell(of, failing);

    expect(of.logged()).toMatchObject([{ level: 'info', canary: 'cart.shop', reason: 'RoundFailed' }]);
  });
});

describe('what is counted', () => {
  it('is the value of each check of a round, once', async () => {
    const of = desk();
    await tell(of, failing);
    expect(await of.metric('flagger_canary_metric_analysis')).toEqual([
      expect.stringMatching(/metric="request-success-rate"\} 42$/),
    ]);

    const again = { ...failing, status: intended(failing).status, answers: {} };
    await tell(of, { ...again, spec: spec({ suspend: true }) });
    expect(await of.metric('flagger_canary_duration_seconds_count')).toEqual([expect.stringMatching(/ 1$/)]);
  });

  it('is a duration in seconds', async () => {
    const of = desk();
    const slow = spec({
      analysis: { metrics: [{ name: 'request-duration', thresholdRange: { max: 500 } }] },
    });
    const answers = {
      'r1/3/metric:0': { kind: 'metric', measurement: { kind: 'value', value: 250 } },
    } as const;
    await tell(of, running({}, { spec: slow, answers }));

    expect(await of.metric('flagger_canary_metric_analysis')).toEqual([
      expect.stringMatching(/metric="request-duration"\} 0\.25$/),
    ]);
  });

  it.each([
    ['success', { phase: 'Succeeded', reason: 'Succeeded', message: '' }, 'flagger_canary_successes_total'],
    [
      'failure',
      { phase: 'Failed', reason: 'ThresholdReached', message: '' },
      'flagger_canary_failures_total',
    ],
  ] as const)('is the %s of a run, by strategy', async (_title, outcome, name) => {
    const of = desk();
    const live = outcome.phase === 'Succeeded' ? { revision: V2 } : {};
    const ended = running(
      { stage: 'scale-down', split: { primary: 100, canary: 0 }, outcome },
      { target: canary({ replicas: 0, available: 0 }), primary: primary(live), route: route(0) },
    );
    const seen =
      live.revision === undefined ? ended : { ...ended, status: { ...ended.status, lastPromotedSpec: V2 } };
    await tell(of, seen);

    expect(await of.metric(name)).toEqual([
      expect.stringMatching(/deployment_strategy="canary",analysis_status="completed"\} 1$/),
    ]);
  });
});

describe('what is decided', () => {
  it('is logged for those who look closely, but for passes with nothing to do', () => {
    const of = desk();
    const idle = { ...observation(), status: intended(observation()).status };
    const lost = observation({ primary: undefined, target: target() });
    of.report.decided(idle, decide(idle));
    of.report.decided(lost, decide(lost));

    expect(of.logged()).toMatchObject([
      { level: 'debug', canary: 'cart.shop', reason: 'WritingPrimary', actions: ['writePrimary'] },
    ]);
  });
});

describe('whose a metric is', () => {
  it('is said by Canary and target', () => {
    expect(identityOf(lab().view())).toEqual({
      canary: 'cart',
      namespace: 'shop',
      target: 'cart',
      kind: 'Deployment',
    });
  });

  it('is said by the Canary alone where its spec cannot be read', () => {
    expect(identityOf({ name: 'cart', namespace: 'shop', canary: undefined })).toEqual({
      canary: 'cart',
      namespace: 'shop',
      target: 'cart',
      kind: 'Deployment',
    });
  });
});
