import { describe, expect, it } from '@jest/globals';
import { withPredicate } from '../../src/traffic/eskip.ts';

const added = (routes: string): string => withPredicate(routes, 'W(1)');

describe('a predicate for every route', () => {
  it.each<[string, string, string]>([
    ['one without a name', 'Method("GET") -> <shunt>', 'W(1) && Method("GET") -> <shunt>'],
    ['any request', '* -> "https://a.test"', 'W(1) && * -> "https://a.test"'],
    ['one with a name', 'ping: Path("/ping") -> <shunt>', 'ping: W(1) && Path("/ping") -> <shunt>'],
    ['several', 'a: * -> <shunt>;\nb :\n* -> <shunt>;', 'a: W(1) && * -> <shunt>;b : W(1) && * -> <shunt>;'],
    [
      'one after a comment',
      '// of us; all\nHost(/a/) -> <shunt>;\n// end',
      '// of us; all\n W(1) && Host(/a/) -> <shunt>;\n// end',
    ],
  ])('reaches %s', (_what, routes, expected) => {
    expect(added(routes)).toBe(expected);
  });

  it.each([
    'Path("/a;b: c") -> <shunt>',
    'Path(`/a;b`) -> <shunt>',
    String.raw`Path("/\";a: b") -> <shunt>`,
    'Host(/^a;[/;]b$/) -> <shunt>',
    String.raw`Host(/\/;a/) -> <shunt>`,
    '* -> inlineContent("// ; not a comment") -> <shunt>',
    '* // why; because\n -> <shunt>',
  ])('takes no end for one where it is none: %s', (route) => {
    expect(added(route)).toBe(`W(1) && ${route}`);
  });

  it.each(['', ' \n', '// nothing; yet', ';'])('leaves alone where there is none: %j', (routes) => {
    expect(added(routes)).toBe(routes);
  });
});
