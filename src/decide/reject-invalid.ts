// A spec that cannot be used: said on the object, and nothing is written. A run in flight holds its split, takes no step,
// and is rolled back at its deadline by the frozen plan.
import type { Run } from '../api/status.ts';
import type { Problem } from '../model/problem.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';
import { isoFromMs, msFromIso } from '../model/time.ts';
import type { Move, Rule } from './move.ts';
import { warning } from './move.ts';
import { rollBack } from './roll-back.ts';
import { cutBytes } from '../model/excerpt.ts';
import { MESSAGE_BYTES, deadlineMs, sinceUntil } from './run.ts';
import { keepWorld } from './world.ts';

const STEPPING = new Set(['provision', 'confirm-rollout', 'scale-up', 'analysis']);

export const rejectInvalid: Rule = (seen) => {
  const fault = faultOf(seen);
  const { run } = seen.status;
  if (fault === undefined) {
    return run === undefined ? undefined : mended(seen, run);
  }
  if (run === undefined) {
    return sayOnce(seen, fault);
  }
  if (!STEPPING.has(run.stage)) {
    // Without a spec nothing of the world is seen, and nothing that is not seen counts as done.
    return seen.spec === undefined ? { kind: 'wait', ...fault, health: 'stalled' } : undefined;
  }
  if (run.heldSince === undefined) {
    return {
      kind: 'intend',
      ...fault,
      run: { ...run, heldSince: isoFromMs(seen.nowMs) },
      notices: [warning(fault.reason, fault.message)],
    };
  }
  if (run.kind === 'rollout' && seen.nowMs >= deadlineMs(run, run.heldSince)) {
    return rollBack(seen, run, fault);
  }
  const split = run.kind === 'rollout' && seen.spec !== undefined ? run.split : undefined;
  const wakeAtMs = deadlineMs(run, run.heldSince);
  const message = `${fault.message}${run.kind === 'rollout' ? sinceUntil(run, run.heldSince) : ''}`;
  return (
    keepWorld({ ...seen, services: untouched }, { stored: [], split }) ?? {
      kind: 'wait',
      reason: fault.reason,
      message,
      health: 'stalled',
      ...(run.kind === 'rollout' ? { wakeAtMs } : {}),
    }
  );
};

/** The time that a run was held does not count; an analysis resumes by its own rule. */
function mended(seen: Observation, run: Run): Move | undefined {
  if (run.heldSince === undefined || !STEPPING.has(run.stage) || run.stage === 'analysis') {
    return undefined;
  }
  const { heldSince, ...kept } = run;
  const heldMs = Math.max(0, seen.nowMs - msFromIso(heldSince));
  return {
    kind: 'intend',
    reason: 'Resumed',
    message: 'the spec can be used again',
    run: { ...kept, stageSince: isoFromMs(msFromIso(run.stageSince) + heldMs) },
  };
}

const untouched: Observation['services'] = { apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' };

export interface Fault {
  readonly reason: Reason;
  readonly message: string;
}

/** Why this Canary cannot be worked with; undefined where it can. */
export function faultOf(seen: Observation): Fault | undefined {
  const [problem, ...more] = seen.problems.filter(({ severity }) => severity === 'error');
  if (problem !== undefined) {
    const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
    return { reason: problem.reason, message: `${sentence(problem)}${rest}` };
  }
  if (Object.values(seen.services).includes('foreign')) {
    return {
      reason: 'ServiceConflict',
      message:
        'a Service that this Canary would generate belongs to another controller: set spec.service.name',
    };
  }
  if (seen.route.state === 'foreign') {
    const whose = seen.route.message === '' ? 'belongs to another controller' : seen.route.message;
    return {
      reason: 'ServiceConflict',
      message: `the route that this Canary would generate is not its own (${whose}): set spec.service.name`,
    };
  }
  return seen.target === undefined ? targetFault(seen) : undefined;
}

function targetFault({ spec, namespace }: Observation): Fault {
  const kind = spec?.targetRef.kind ?? 'Deployment';
  const name = spec?.targetRef.name ?? '';
  return { reason: 'TargetNotFound', message: `${kind} ${name}.${namespace} does not exist: create it` };
}

function sentence({ field, message, fix }: Problem): string {
  return `${field === '' ? 'the object' : field} ${message}: ${fix}`;
}

/** The event goes out with the status write that first says so. */
function sayOnce(seen: Observation, { reason, message }: Fault): Move {
  const ready = seen.status.conditions?.find(({ type }) => type === 'Ready');
  if (
    ready?.reason === reason &&
    ready.status === 'False' &&
    ready.message === cutBytes(message, MESSAGE_BYTES)
  ) {
    return { kind: 'wait', reason, message, health: 'stalled' };
  }
  return {
    kind: 'intend',
    reason,
    message,
    run: null,
    health: 'stalled',
    notices: [warning(reason, message)],
  };
}
