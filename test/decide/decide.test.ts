import { describe, expect, it } from '@jest/globals';
import type { Observation } from '../../src/model/observation.ts';
import { decide } from '../../src/decide/decide.ts';
import { conditionOf, intended, settledDecision, stored } from '../fixture/decision.ts';
import {
  V2,
  V3,
  ago,
  canary,
  measured,
  notYet,
  observation,
  primary,
  route,
  running,
  spec,
  target,
} from '../fixture/observation.ts';

const problem = {
  severity: 'error',
  reason: 'InvalidSpec',
  field: 'spec',
  message: 'is wrong',
  fix: 'mend it',
} as const;
const everything: Partial<Observation> = {
  spec: spec({ suspend: true, revertOnDeletion: true }),
  problems: [problem],
  target: canary({ revision: V3, available: 0, readiness: notYet }),
  route: route(0),
  answers: measured('fail'),
};

describe('precedence: the first rule that speaks decides', () => {
  it.each<[string, Observation, string]>([
    [
      'deletion before all',
      running({}, { ...everything, deleting: true, hasFinalizer: true }),
      'Terminating',
    ],
    ['suspension before the spec', running({}, everything), 'Suspended'],
    [
      'the spec before a new revision',
      running({}, { ...everything, spec: spec(), hasFinalizer: false }),
      'InvalidSpec',
    ],
    [
      'a new revision before pods',
      running({}, { ...everything, spec: spec(), problems: [] }),
      'RunRestarted',
    ],
    [
      'pods before the route',
      running(
        {},
        { ...everything, spec: spec(), problems: [], target: canary({ available: 0, readiness: notYet }) },
      ),
      'CanaryLost',
    ],
    [
      'the route before the round',
      running({}, { route: route(0), answers: measured('fail') }),
      'WritingRoute',
    ],
    ['the round last', running({}, { answers: measured('fail') }), 'RoundFailed'],
    [
      'repair before a new run',
      observation({ primary: undefined, target: target({ revision: V2 }) }),
      'WritingPrimary',
    ],
    [
      'a new run before tidying up',
      observation({ target: target({ revision: V2 }), stored: [V3, observation().stored[0] ?? ''] }),
      'NewRevision',
    ],
  ])('%s', (_title, seen, reason) => {
    expect(decide(seen).reason).toBe(reason);
  });
});

describe('what is waited for', () => {
  it('stands in status first; a status that says so already is not written again', () => {
    const seen = running();
    const said = decide(seen);
    expect(said).toMatchObject({ kind: 'intend', reason: 'AwaitingAnswers', notices: [] });

    const { decision, seen: after } = settledDecision(seen);
    expect(decision.kind).toBe('ask');
    expect(decide({ ...after, nowMs: after.nowMs + 30_000 })).toEqual(decision);
  });

  it('is asked only after the intent that names it is stored: the round is in status', () => {
    const { decision, seen } = settledDecision(running());
    const { run } = seen.status;

    expect(decision).toMatchObject({
      kind: 'ask',
      questions: [{ key: `${run?.id}/${run?.round?.seq}/metric:0` }],
    });
  });
});

describe('writes that the server refused', () => {
  const refused = observation({
    primary: undefined,
    refusal: 'cannot write Deployment cart-primary: denied the request',
  });

  it('are not tried again at once; the object says what was refused', () => {
    const decision = intended(refused);

    expect(decision.reason).toBe('RefusedByServer');
    expect(conditionOf(decision.status, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'RefusedByServer',
      message: 'cannot write Deployment cart-primary: denied the request',
    });
    expect(decide(stored(refused, decision.status))).toEqual({
      kind: 'enact',
      reason: 'RefusedByServer',
      actions: [],
    });
  });

  it('do not stop deadlines', () => {
    const seen = running(
      { stage: 'scale-up', stageSince: ago(600) },
      { refusal: 'no', primary: primary({ drifted: true }), target: canary({ readiness: notYet }) },
    );

    expect(intended(seen).reason).toBe('ProgressDeadlineExceeded');
  });

  it('are forgotten when nothing has to be written any more', () => {
    expect(settledDecision(observation({ refusal: 'no' })).decision.reason).toBe('Idle');
  });
});

describe('decide', () => {
  it('leaves its observation as it was', () => {
    const seen = running({}, { answers: measured('fail') });
    const before = structuredClone(seen);
    decide(seen);

    expect(seen).toEqual(before);
  });

  it('works on an observation that was recorded as JSON', () => {
    for (const seen of [
      observation(),
      running({}, { answers: measured('fail') }),
      observation({ status: {}, primary: undefined }),
    ]) {
      const recorded: Observation = JSON.parse(JSON.stringify(seen));

      expect(JSON.stringify(decide(recorded))).toBe(JSON.stringify(decide(seen)));
    }
  });
});
