import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CanaryStatus } from '../../src/api/status.ts';
import { decide } from '../../src/decide/decide.ts';
import { project } from '../../src/decide/project.ts';
import type { Action, Decision } from '../../src/model/decision.ts';
import type { Observation } from '../../src/model/observation.ts';
import { observations } from '../fixture/arbitrary-observation.ts';
import { isUndecided } from '../../src/decide/run.ts';
import { stored } from '../fixture/decision.ts';

const RUNS = { numRuns: 500 };
/** More statements in a row, at one moment, than any sound story has. */
const MOST_INTENTS = 12;

function never(what: string, found: (seen: Observation, decision: Decision) => unknown): void {
  it(`never ${what}`, () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const finding = found(seen, decide(seen));
        expect(finding === false || finding === undefined ? undefined : finding).toBeUndefined();
      }),
      RUNS,
    );
  });
}

function actions(decision: Decision): readonly Action[] {
  return decision.kind === 'enact' ? decision.actions : [];
}

function isRefused(seen: Observation): boolean {
  return seen.problems.some(({ severity }) => severity === 'error') || seen.target === undefined;
}

describe('decide, whatever is seen', () => {
  it('decides, the same thing each time, without touching what it was given', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const before = structuredClone(seen);
        const decision = decide(seen);

        expect(decide(structuredClone(seen))).toEqual(decision);
        expect(seen).toEqual(before);
      }),
      RUNS,
    );
  });

  it('comes to rest: at one moment, with nothing new to see, it soon has no more to state', () => {
    fc.assert(
      fc.property(observations, (first) => {
        let seen = first;
        const reasons: string[] = [];
        for (;;) {
          const decision = decide(seen);
          if (decision.kind !== 'intend') {
            return;
          }
          reasons.push(decision.reason);
          expect(reasons.length <= MOST_INTENTS ? [] : reasons).toEqual([]);
          seen = { ...stored(seen, decision.status), answers: {} };
        }
      }),
      RUNS,
    );
  });

  it('never states what it has just stated', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const decision = decide(seen);
        if (decision.kind === 'intend') {
          expect(decide(stored(seen, decision.status))).not.toEqual(decision);
        }
      }),
      RUNS,
    );
  });

  it('writes a status that the schema keeps whole, with messages of 256 bytes at most', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const decision = decide(seen);
        if (decision.kind === 'intend') {
          const written: unknown = JSON.parse(JSON.stringify(decision.status));
          expect(CanaryStatus.parse(written)).toEqual(written);
          const lengths = (decision.status.conditions ?? []).map(({ message = '' }) =>
            Buffer.byteLength(message),
          );
          expect(Math.max(...lengths)).toBeLessThanOrEqual(256);
        }
      }),
      RUNS,
    );
  });

  it('shows a run without changing it', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const shown = project(seen, seen.status, { reason: 'Idle', message: 'why' });

        expect(shown.run).toBe(seen.status.run);
        expect(shown.lastPromotedSpec).toBe(seen.status.lastPromotedSpec);
      }),
      RUNS,
    );
  });

  never(
    'acts or asks while suspended',
    (seen, decision) =>
      seen.spec?.suspend === true &&
      !seen.deleting &&
      (decision.kind === 'ask' || actions(decision).length > 0),
  );

  never('asks about a paused run, or gives its canary more traffic', (seen, decision) => {
    const { run } = seen.status;
    const next = decision.kind === 'intend' ? decision.status.run : run;
    const held = run?.paused !== undefined && next?.paused !== undefined && isUndecided(run);
    return held && (decision.kind === 'ask' || next.split.canary > run.split.canary);
  });

  never(
    'carries a command out that has been answered, has expired, or stands in the record',
    (seen, decision) => {
      const before = new Set(seen.status.commands?.map(({ uid }) => uid));
      const records = decision.kind === 'intend' ? (decision.status.commands ?? []) : [];
      const fresh = records.filter(({ uid, result }) => result === 'Done' && !before.has(uid));
      return fresh.find(({ uid }) => {
        const command = seen.commands?.find((one) => one.uid === uid);
        return (
          command === undefined || command.answeredAtMs !== undefined || seen.nowMs >= command.expiresAtMs
        );
      });
    },
  );

  never('writes a split that is not whole', (_seen, decision) => {
    const splits = actions(decision).flatMap((action) =>
      action.kind === 'writeRoute' ? [action.split] : [],
    );
    const run = decision.kind === 'intend' ? decision.status.run : undefined;
    return [...splits, ...(run === undefined ? [] : [run.split])].find(
      ({ primary, canary }) => primary + canary !== 100 || primary < 0 || canary < 0,
    );
  });

  never('names a cookie for a canary that gets nothing', (seen, decision) => {
    const { run, sessionAffinityCookie, primarySessionAffinityCookie } =
      decision.kind === 'intend' ? decision.status : {};
    const home = run === undefined || run.split.canary === 0;
    const cookies = [sessionAffinityCookie, primarySessionAffinityCookie].filter(
      (cookie) => cookie !== undefined,
    );
    // What only says what is waited for leaves all else as it was stored.
    const moved = decision.kind === 'intend' && run !== seen.status.run;
    return moved && home && cookies.length > 0;
  });

  never('moves the weight from 0 to a sticky canary without naming its cookie', (seen, decision) => {
    const { run, sessionAffinityCookie } = decision.kind === 'intend' ? decision.status : {};
    const sticky = seen.spec?.analysis.sessionAffinity !== undefined && run?.plan.strategy === 'canary';
    const rises = (run?.split.canary ?? 0) > 0 && seen.status.run?.split.canary === 0;
    return sticky && rises && sessionAffinityCookie === undefined;
  });

  never('copies requests outside an analysis', (seen, decision) => {
    const run = decision.kind === 'intend' ? decision.status.run : undefined;
    const moved = run?.stage !== seen.status.run?.stage;
    return run?.mirror === true && run.stage !== 'analysis' && moved;
  });

  never('promotes what the target does not hold', (seen, decision) => {
    const next = decision.kind === 'intend' ? decision.status.run : undefined;
    const begins = next?.stage === 'promote' && seen.status.run?.stage !== 'promote';
    return begins && seen.target?.revision !== next.revision;
  });

  never('writes a primary that is neither promoted, nor set up, nor being promoted', (seen, decision) => {
    const { run, lastPromotedSpec } = seen.status;
    const allowed = [
      lastPromotedSpec,
      run?.stage === 'promote' || run?.kind === 'initialise' ? run.revision : undefined,
    ];
    return actions(decision).find(
      (action) => action.kind === 'writePrimary' && !allowed.includes(action.revision),
    );
  });

  never('adds traffic to a workload without pods while the other one has some', (seen, decision) => {
    const { primary = 0, canary = 0 } = seen.route.split ?? {};
    const primaryPods = seen.primary?.available ?? 0;
    const canaryPods = seen.target?.available ?? 0;
    return actions(decision).find(
      (action) =>
        action.kind === 'writeRoute' &&
        ((action.split.canary > canary && canaryPods === 0 && primaryPods > 0) ||
          (action.split.primary > primary && primaryPods === 0 && canaryPods > 0)),
    );
  });

  never('scales a target down that gets traffic', (seen, decision) => {
    const down = actions(decision).some((action) => action.kind === 'scaleTarget' && action.replicas === 0);
    const owned = seen.route.state === 'inPlace' || seen.route.state === 'drifted';
    return down && owned && (seen.route.split?.canary ?? 0) > 0;
  });

  never(
    'scales the last pods away',
    (seen, decision) =>
      actions(decision).some((action) => action.kind === 'scaleTarget' && action.replicas === 0) &&
      (seen.target?.available ?? 0) > 0 &&
      (seen.primary?.available ?? 0) === 0,
  );

  never(
    'writes anything at rest for a Canary with an error',
    (seen, decision) =>
      isRefused(seen) && seen.status.run === undefined && !seen.deleting && actions(decision).length > 0,
  );

  never(
    'writes again what the server has refused',
    (seen, decision) => seen.refusal !== undefined && actions(decision).length > 0,
  );

  never('writes a Service or a route of somebody else', (seen, decision) =>
    actions(decision).find(
      (action) =>
        (action.kind === 'writeService' && seen.services[action.role] === 'foreign') ||
        (['writeRoute', 'prepareRoute'].includes(action.kind) && seen.route.state === 'foreign') ||
        (action.kind === 'writeRoute' && seen.route.state === 'none'),
    ),
  );

  never('starts a run that is not of what the target holds', (seen, decision) => {
    const next = decision.kind === 'intend' ? decision.status.run : undefined;
    return next !== undefined && next.id === seen.chance && next.revision !== seen.target?.revision;
  });

  never('asks a question that is answered, or of another round', (seen, decision) => {
    const run = seen.status.run;
    const prefix = `${run?.id}/${run?.round?.seq ?? 0}/`;
    return (
      decision.kind === 'ask' &&
      (decision.questions.every(({ key }) => seen.answers[key] !== undefined) ||
        decision.questions.some(({ key }) => !key.startsWith(prefix)))
    );
  });

  never(
    'looks again in the past',
    (seen, decision) =>
      decision.kind === 'enact' && decision.wakeAtMs !== undefined && decision.wakeAtMs < seen.nowMs,
  );
});
