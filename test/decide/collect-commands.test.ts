import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/decide/decide.ts';
import { decideOrphans } from '../../src/decide/collect-commands.ts';
import type { SeenCommand } from '../../src/model/observation.ts';
import { deedsOf, settledDecision } from '../fixture/decision.ts';
import { NOW_MS, ago, observation, running, status } from '../fixture/observation.ts';

const DAY_MS = 86_400_000;

function command(name: string, override: Partial<SeenCommand> = {}): SeenCommand {
  return {
    uid: `uid-${name}`,
    name,
    verb: 'pause',
    author: 'ann',
    stale: false,
    createdAtMs: NOW_MS - 2 * DAY_MS,
    expiresAtMs: NOW_MS - DAY_MS,
    ...override,
  };
}

const answered = (name: string, agoMs: number): SeenCommand =>
  command(name, { answeredAtMs: NOW_MS - agoMs });

describe('commands that are over', () => {
  it('are deleted a day after their answer, at rest', () => {
    expect(
      deedsOf(observation({ commands: [answered('old', DAY_MS), answered('new', DAY_MS - 1)] })),
    ).toEqual(['deleteCommand old']);
  });

  it('are left alone during a run', () => {
    expect(settledDecision(running({}, { commands: [answered('old', DAY_MS)] })).decision.kind).toBe('ask');
  });

  it.each(['Succeeded', 'Failed'] as const)('wake a Canary that rests in %s when it is time', (phase) => {
    const seen = observation({
      status: status({ phase }),
      commands: [answered('one', 1_000), answered('two', 2_000)],
    });
    expect(settledDecision(seen).decision).toMatchObject({
      kind: 'enact',
      wakeAtMs: NOW_MS - 2_000 + DAY_MS,
    });
  });

  it('wake nobody where there are none', () => {
    expect(decide(settledDecision(observation()).seen)).toEqual({
      kind: 'enact',
      reason: 'Idle',
      actions: [],
    });
  });
});

const seen = (...commands: readonly SeenCommand[]): Parameters<typeof decideOrphans>[0] => ({
  canary: 'cart',
  nowMs: NOW_MS,
  commands,
});

describe('commands for a Canary that does not exist', () => {
  it('wait, because it may be created yet', () => {
    const waiting = command('one', { expiresAtMs: NOW_MS + 1_000 });
    expect(decideOrphans(seen(waiting, answered('two', 0)))).toEqual({
      actions: [],
      wakeAtMs: NOW_MS + 1_000,
    });
  });

  it('are told so when they expire', () => {
    expect(decideOrphans(seen(command('one', { expiresAtMs: NOW_MS }))).actions).toEqual([
      {
        kind: 'answerCommand',
        answer: {
          uid: 'uid-one',
          name: 'one',
          verb: 'pause',
          author: 'ann',
          result: 'Expired',
          message: 'there is no Canary cart: nothing was done',
          at: ago(0),
        },
      },
    ]);
  });

  it('are deleted a day later', () => {
    expect(decideOrphans(seen(answered('one', DAY_MS))).actions).toEqual([
      { kind: 'deleteCommand', name: 'one', uid: 'uid-one' },
    ]);
  });

  it('that do not exist ask for nothing', () => {
    expect(decideOrphans(seen())).toEqual({ actions: [], wakeAtMs: undefined });
  });
});
