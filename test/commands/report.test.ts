import { describe, expect, it } from '@jest/globals';
import { createReport, identityOf } from '../../src/commands/report.ts';
import type { ReportParts } from '../../src/commands/report.ts';
import { decide } from '../../src/decide/decide.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { HookAnswer, HookQuestion } from '../../src/model/question.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { intended } from '../fixture/decision.ts';
import { lab, settled } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';
import {
  canary,
  hooks,
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
  readonly delivered: HookQuestion[];
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
  readonly metric: (name: string) => Promise<readonly string[]>;
}

function desk(override: Partial<ReportParts> = {}): Desk {
  const of = lab();
  const lines: string[] = [];
  const delivered: HookQuestion[] = [];
  const metrics = createMetrics({ version: '1', meshProvider: 'kubernetes', processMetrics: false });
  let suffix = 0;
  const report = createReport({
    cluster: of.cluster,
    log: createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }),
    metrics,
    answerer: {
      deliver: (question) => {
        delivered.push(question);
        return Promise.resolve(taken);
      },
    },
    eventWebhook: undefined,
    chance: () => `s${(suffix += 1)}`,
    ...override,
  });
  return {
    of,
    report,
    delivered,
    logged: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    metric: async (name) => (await metrics.text()).split('\n').filter((line) => line.startsWith(`${name}{`)),
  };
}

const taken: HookAnswer = { kind: 'hook', outcome: 'passed', reason: 'HookPassed', message: '' };
const failing = running({}, { answers: measured('fail') });

async function tell({ of, report }: Desk, seen: Observation): Promise<void> {
  report.intended(of.view(), seen, intended(seen));
  await settled();
}

const events = ({ of }: Desk): readonly KubeObject[] =>
  of.store.list(resources.events, { namespace: 'shop' }).items;

describe('a notice', () => {
  it('becomes an event and a log line, by the same word', async () => {
    const of = desk();
    await tell(of, failing);

    expect(events(of)).toMatchObject([
      {
        type: 'Warning',
        reason: 'RoundFailed',
        involvedObject: { kind: 'Canary', name: 'cart', uid: of.of.view().uid },
      },
    ]);
    expect(of.logged()).toMatchObject([{ level: 'info', canary: 'cart.shop', reason: 'RoundFailed' }]);
  });

  it('of several each becomes one, by a name of its own', async () => {
    const of = desk();
    await tell(
      of,
      running(
        { counts: { fail: 2, inconclusive: 0, noData: 0, unavailable: 0 } },
        { answers: measured('fail') },
      ),
    );

    expect(events(of).map(({ reason }) => reason)).toEqual(['RoundFailed', 'ThresholdReached']);
  });

  it('that cannot be written is logged, and fails nothing', async () => {
    const of = desk();
    of.of.refuse = () => new Error('socket hang up');
    await tell(of, failing);

    expect(of.logged()).toMatchObject([{ level: 'info' }, { level: 'warn', reason: 'RoundFailed' }]);
  });

  it('goes to the event hooks of the Canary', async () => {
    const of = desk({ eventWebhook: 'http://global.example.com' });
    const hooked = spec({ analysis: { webhooks: hooks('event', 'rollout') } });
    await tell(of, {
      ...failing,
      spec: { ...hooked, analysis: { ...hooked.analysis, webhooks: hooks('event') } },
    });

    expect(of.delivered).toMatchObject([
      {
        url: 'http://hooks.example.com/event',
        payload: { name: 'cart', namespace: 'shop', phase: 'Progressing' },
      },
    ]);
  });

  it('or else to the one of the controller', async () => {
    const of = desk({ eventWebhook: 'http://global.example.com' });
    await tell(of, failing);

    expect(of.delivered.map(({ url }) => url)).toEqual(['http://global.example.com']);
  });

  it('or else to nobody', async () => {
    const of = desk();
    await tell(of, failing);

    expect(of.delivered).toEqual([]);
  });

  it.each<[string, ReportParts['answerer'], string]>([
    [
      'refuses it',
      { deliver: () => Promise.resolve({ ...taken, outcome: 'denied', message: 'no' }) },
      'warn',
    ],
    ['throws', { deliver: () => Promise.reject(new Error('bug')) }, 'error'],
  ])('whose receiver %s is logged, and fails nothing', async (_title, answerer, level) => {
    const of = desk({ answerer, eventWebhook: 'http://global.example.com' });
    await tell(of, failing);

    expect(of.logged().at(-1)).toMatchObject({ level, canary: 'cart.shop', hook: 'event-webhook' });
    expect(events(of)).toHaveLength(1);
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
