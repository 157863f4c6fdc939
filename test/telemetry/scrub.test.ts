import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { scrub, scrubText } from '../../src/telemetry/scrub.ts';

describe('what is taken out', () => {
  it.each([
    ['POST https://hooks.slack.com/services/T0/B1/xyz failed', 'POST https://hooks.slack.com/… failed'],
    ['http://user:pass@host:8080?token=x', 'http://host:8080/…'],
    ['"https://a.example/x","https://b.example"', '"https://a.example/…","https://b.example"'],
    ['http://prometheus:9090/', 'http://prometheus:9090/'],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer [hidden]'],
    ['nothing to hide: a/b, 10:30', 'nothing to hide: a/b, 10:30'],
  ])('%s', (text, expected) => {
    expect(scrubText(text)).toBe(expected);
  });

  it('values under telling names, and addresses at any depth', () => {
    expect(
      scrub({
        token: 'x',
        headers: { Authorization: 'y', accept: 'z', 'set-cookie': ['a'] },
        list: [{ password: 1, url: 'http://h/p' }],
        secretName: 'db',
        token2: undefined,
        error: new Error('GET http://h/secret'),
        count: 3,
      }),
    ).toEqual({
      token: '[hidden]',
      headers: { Authorization: '[hidden]', accept: 'z', 'set-cookie': '[hidden]' },
      list: [{ password: '[hidden]', url: 'http://h/…' }],
      secretName: 'db',
      token2: undefined,
      error: 'GET http://h/…',
      count: 3,
    });
  });

  it('no path of an address is left, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.webUrl({ withQueryParameters: true }),
        fc.stringMatching(/^[a-z0-9]{12}$/),
        (text, url, secret) => {
          const origin = new URL(url).origin;
          expect(scrubText(`${text} ${origin}/${secret} ${text}`)).not.toContain(`/${secret}`);
        },
      ),
    );
  });

  it('ends on data that contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    expect(JSON.stringify(scrub(loop))).toContain('…');
  });
});
