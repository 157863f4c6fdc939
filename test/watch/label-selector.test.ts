import { describe, expect, it } from '@jest/globals';
import { parseLabelSelector } from '../../src/watch/label-selector.ts';

const labels = { team: 'shop', 'app.kubernetes.io/name': 'web', empty: '' };

describe('a label selector', () => {
  it.each<[string, boolean]>([
    ['', true],
    ['team=shop', true],
    ['team==shop', true],
    ['team = cart', false],
    ['team!=cart', true],
    ['other!=cart', true],
    ['other=', false],
    ['empty=', true],
    ['team', true],
    ['!team', false],
    ['!other', true],
    ['team in (shop, cart)', true],
    ['team in (cart)', false],
    ['other in ()', false],
    ['team notin (shop)', false],
    ['other notin (shop)', true],
    ['app.kubernetes.io/name=web,team in (a,shop),!old', true],
    ['app.kubernetes.io/name=web,old', false],
    ['toString', false],
  ])('%s: %s', (text, expected) => {
    expect(parseLabelSelector(text)?.(labels)).toBe(expected);
  });

  it.each(['a b', 'a in b', 'a in (b', '=', 'a=b c', 'a=b,,c', '!!a', 'a>1'])('%s is none', (text) => {
    expect(parseLabelSelector(text)).toBeUndefined();
  });
});
