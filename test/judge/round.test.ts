import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { judgeRound } from '../../src/judge/round.ts';
import type { Outcome, Verdict } from '../../src/model/measurement.ts';
import { outcomes } from '../../src/model/measurement.ts';

const verdict = (outcome: Outcome, name: string = outcome): Verdict => ({
  name,
  outcome,
  message: `${name} said`,
});

describe('the outcome of a round', () => {
  it.each<[Outcome[], Outcome]>([
    [[], 'pass'],
    [['pass', 'pass'], 'pass'],
    [['pass', 'inconclusive'], 'inconclusive'],
    [['inconclusive', 'noData'], 'noData'],
    [['noData', 'unavailable', 'pass'], 'unavailable'],
    [['unavailable', 'noData', 'fail', 'inconclusive'], 'fail'],
  ])('of %j is %s', (given, outcome) => {
    expect(judgeRound(given.map((each) => verdict(each))).outcome).toBe(outcome);
  });

  it('does not depend on the order, and passes only if all pass', () => {
    const list = fc.array(fc.constantFrom(...outcomes), { maxLength: 8 });
    fc.assert(
      fc.property(list, (given) => {
        const { outcome } = judgeRound(given.map((each) => verdict(each)));
        expect(judgeRound(given.toReversed().map((each) => verdict(each))).outcome).toBe(outcome);
        expect(outcome === 'pass').toBe(given.every((each) => each === 'pass'));
        expect(outcome === 'fail').toBe(given.includes('fail'));
      }),
    );
  });
});

describe('the message of a round', () => {
  it('names every check with the outcome that weighs most, and no other', () => {
    const { message } = judgeRound([verdict('fail', 'a'), verdict('noData', 'b'), verdict('fail', 'c')]);
    expect(message).toBe('a: a said; c: c said');
  });

  it.each([
    [0, 'no checks'],
    [1, '1 check passed'],
    [3, '3 checks passed'],
  ])('counts %d passed checks', (count, message) => {
    expect(judgeRound(Array.from({ length: count }, () => verdict('pass'))).message).toBe(message);
  });

  it('fits into a status', () => {
    const { message } = judgeRound([{ name: 'ü'.repeat(400), outcome: 'fail' }]);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(256);
    expect(message).toMatch(/^ü+…$/u);
  });
});
