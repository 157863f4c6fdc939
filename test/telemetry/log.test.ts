import { describe, expect, it } from '@jest/globals';
import { createLogger, type LogLevel } from '../../src/telemetry/log.ts';

function fixture(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const log = createLogger({
    level,
    destination: { write: (line) => lines.push(line) },
    nowMs: () => Date.parse('2026-11-21T12:00:00.5Z'),
  });
  return { log, parsed: () => lines.map((line): unknown => JSON.parse(line)), lines };
}

describe('a log line', () => {
  it('is one JSON object with level, ts, msg, and the canary it is about', () => {
    const { log, parsed, lines } = fixture();
    log.info('started', { port: 8080 });
    log.forCanary({ name: 'web', namespace: 'shop' }).warn('Halt advancement', { reason: 'RoundFailed' });
    expect(parsed()).toEqual([
      { level: 'info', ts: '2026-11-21T12:00:00.500Z', msg: 'started', port: 8080 },
      {
        level: 'warn',
        ts: '2026-11-21T12:00:00.500Z',
        msg: 'Halt advancement',
        canary: 'web.shop',
        reason: 'RoundFailed',
      },
    ]);
    expect(lines.every((line) => line.endsWith('\n'))).toBe(true);
  });

  it.each<[LogLevel, string[]]>([
    ['debug', ['debug', 'info', 'warn', 'error', 'fatal']],
    ['warn', ['warn', 'error', 'fatal']],
    ['fatal', ['fatal']],
  ])('at level %s: %j', (level, expected) => {
    const { log, parsed } = fixture(level);
    for (const at of ['debug', 'info', 'warn', 'error', 'fatal'] as const) {
      log[at]('x');
    }
    expect(parsed()).toEqual(expected.map((shown) => expect.objectContaining({ level: shown })));
  });

  it('has the stack trace of an error only where it is one, and hides what is secret everywhere', () => {
    const { log, parsed } = fixture();
    const error = new Error('POST https://hooks.example/T0/secret failed');
    log.warn('first', { error });
    log.error('second https://hooks.example/T0/secret', { error, token: 'secret' });
    const [first, second] = parsed();
    expect(first).toMatchObject({ error: 'POST https://hooks.example/… failed' });
    expect(first).not.toHaveProperty('stacktrace');
    expect(second).toHaveProperty('stacktrace', expect.stringContaining('log.test.ts'));
    expect(JSON.stringify(parsed())).not.toContain('secret');
  });
});
