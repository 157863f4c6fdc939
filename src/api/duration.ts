// Durations as people write them.

const unitMs: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|h|m|s)/gy;

/**
 * Milliseconds, fractions included; undefined for what is no duration. The grammar is that of Go's
 * time.ParseDuration without the sign: numbers with units, one after the other, or a bare 0.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') {
    return 0;
  }
  let totalMs = 0;
  let end = 0;
  for (const [part, amount = '', unit = ''] of text.matchAll(PART)) {
    totalMs += Number(amount) * (unitMs[unit] ?? 0);
    end += part.length;
  }
  return end === text.length && end > 0 ? totalMs : undefined;
}
