// Conversions between the API's date-time strings and epoch milliseconds. The only use of Date in a pure folder:
// both functions depend on their argument alone, and neither reads a clock.

/** RFC 3339 with milliseconds, in UTC. */
export function isoFromMs(ms: number): string {
  return new Date(ms).toISOString();
}

/** Epoch milliseconds; a string that is no date counts as the epoch, so that a damaged status is overdue, never eternal. */
export function msFromIso(iso: string): number {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? 0 : ms;
}

/** `14:03:05Z`: how messages name a moment. */
export function clockFromIso(iso: string): string {
  return `${iso.slice(11, 19)}Z`;
}
