// What metrics and hooks say. What a version is like is in its image; the rest is chance, or calm.
import type { Answer, Question } from '../../src/model/question.ts';
import { unavailable } from '../../src/model/measurement.ts';
import { isApproved } from './commands.ts';
import { Violation } from './invariants.ts';
import type { Invariants } from './invariants.ts';
import { APP, PRIMARY } from './targets.ts';
import { qualityOf } from './world.ts';
import type { World } from './world.ts';

export class Answers {
  readonly #world: World;
  readonly #invariants: Invariants;
  /** What turned bad only after its promotion. */
  readonly #soured = new Set<string>();

  constructor(world: World, invariants: Invariants) {
    this.#world = world;
    this.#invariants = invariants;
  }

  to(question: Question): Answer | undefined {
    switch (question.kind) {
      case 'hook':
        return this.#callHook(question);
      case 'metric':
        return this.#measure(question);
      case 'requests':
        return this.#count(question);
    }
  }

  #callHook(question: Extract<Question, { kind: 'hook' }>): Answer {
    const { type } = question;
    if (isApproved(this.#world, question)) {
      throw new Violation(`${type} was asked although somebody has opened it`);
    }
    const { calm, chance } = this.#world;
    if (type === 'rollback') {
      const wanted = !calm && chance.happens(0.03);
      return {
        kind: 'hook',
        outcome: wanted ? 'passed' : 'denied',
        reason: wanted ? 'HookPassed' : 'HookDenied',
        message: '',
      };
    }
    const { gatesClosed } = this.#world.troubles;
    if (calm || (!(gatesClosed && type.startsWith('confirm-')) && chance.happens(0.8))) {
      return { kind: 'hook', outcome: 'passed', reason: 'HookPassed', message: '' };
    }
    return chance.happens(0.5)
      ? { kind: 'hook', outcome: 'denied', reason: 'HookDenied', message: 'closed' }
      : { kind: 'hook', outcome: 'unreachable', reason: 'HookTimedOut', message: 'timed out' };
  }

  #count({ key, subject }: Extract<Question, { kind: 'requests' }>): Answer {
    const requests = this.#world.troubles.metricsDown ? undefined : this.#world.requestsTo(subject);
    this.#invariants.counted.set(key, requests);
    return {
      kind: 'metric',
      measurement:
        requests === undefined
          ? unavailable('ConnectionFailed', 'connection refused')
          : { kind: 'value', value: requests },
    };
  }

  #measure({ subject }: Extract<Question, { kind: 'metric' }>): Answer {
    if (this.#world.troubles.metricsDown) {
      return this.#world.chance.happens(0.5)
        ? { kind: 'metric', measurement: unavailable('ConnectionFailed', 'connection refused') }
        : { kind: 'metric', measurement: { kind: 'noData', reason: 'NoSeries', message: 'no series' } };
    }
    if (!this.#world.calm && this.#world.chance.happens(0.02)) {
      const message = '2 series';
      return { kind: 'metric', measurement: { kind: 'inconclusive', reason: 'TooManySeries', message } };
    }
    const image = this.#world.imageOf(subject === 'primary' ? PRIMARY : APP) ?? '';
    if (subject === 'primary' && !this.#world.calm && this.#world.chance.happens(0.2)) {
      this.#soured.add(image);
    }
    const passes = qualityOf(image) === 'good' && !this.#soured.has(image);
    if (passes && subject === undefined) {
      this.#invariants.allowed.add(image);
    }
    return { kind: 'metric', measurement: { kind: 'value', value: passes ? 100 : 42 } };
  }
}
