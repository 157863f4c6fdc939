// A route that changes hands first names the Services it will send to, without weight: its gateway may follow a route
// sooner than it knows where the pods of a Service are, and would answer errors in between.
import type { Run } from '../api/status.ts';
import type { Observation } from '../model/observation.ts';
import { msFromIso } from '../model/time.ts';
import type { Move } from './move.ts';
import { deadlineMs, primaryName, sinceUntil } from './run.ts';
import { ENDPOINTS_MS } from './settle-split.ts';
import { describeRoute } from './world.ts';

/** A route of the user's that is about to be taken over, at the end of the first set-up. */
export function announceOurs(seen: Observation, run: Run): Move | undefined {
  const { route, nowMs } = seen;
  const theirs = (route.state === 'drifted' || route.state === 'inPlace') && route.split === undefined;
  if (run.kind !== 'initialise' || !theirs) {
    return undefined;
  }
  if (route.namesOurs === false) {
    return { kind: 'enact', reason: 'WritingRoute', actions: [{ kind: 'announceRoute', to: 'ours' }] };
  }
  const untilMs = deadlineMs(run, run.stageSince);
  const reason = 'ReturningTraffic';
  if (route.acceptance === 'pending' && nowMs < untilMs) {
    const message = `the route names ${primaryName(seen)}: ${describeRoute(seen)}${sinceUntil(run, run.stageSince)}`;
    return { kind: 'wait', reason, message, wakeAtMs: untilMs };
  }
  const wakeAtMs = msFromIso(run.stageSince) + ENDPOINTS_MS;
  const message = `the route names ${primaryName(seen)}`;
  return nowMs < wakeAtMs ? { kind: 'wait', reason, message, wakeAtMs } : undefined;
}

/** A route that is about to be given back. It has the time that the target is watched for to reach its gateway. */
export function announceTheirs({ route, status, nowMs }: Observation, untilMs: number): Move | undefined {
  const late = status.reverting?.restoredAt !== undefined || nowMs >= untilMs;
  return late || route.namesTheirs !== false
    ? undefined
    : { kind: 'enact', reason: 'Terminating', actions: [{ kind: 'announceRoute', to: 'theirs' }] };
}
