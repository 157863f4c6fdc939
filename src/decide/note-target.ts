// What the target reads as, noted with every status write and whenever it moves at rest: so that another way of reading,
// after an upgrade of Serin or of the API server, is told from a change (D1).
import type { CanaryStatus, TargetNote } from '../api/status.ts';
import { configsDigest } from '../model/fence.ts';
import { canonicalJson } from '../model/hash.ts';
import type { Observation } from '../model/observation.ts';
import { targetName } from './run.ts';
import type { Rule } from './move.ts';
import { rest } from './start-run.ts';

/** A hash that is new for a revision that is not: stored before anything else, because writes look it up. */
export const absorb: Rule = (seen) => {
  const { target, status } = seen;
  if (target?.hash === undefined || status.absorbed?.[target.hash] === target.revision) {
    return undefined;
  }
  return {
    kind: 'intend',
    reason: 'Absorbed',
    message: `${targetName(seen)} has not changed; ${target.revision} reads as ${target.hash} now`,
    run: status.run ?? null,
    quiet: true,
  };
};

/** At rest: in a run the next status write notes it. */
export const noteTarget: Rule = (seen) => {
  const note = noteOf(seen);
  const { status } = seen;
  if (
    status.run !== undefined ||
    note === undefined ||
    canonicalJson(note) === canonicalJson(status.target)
  ) {
    return undefined;
  }
  const { reason, message, health } = rest(seen);
  return { kind: 'intend', reason, message, run: null, ...(health === undefined ? {} : { health }) };
};

/** The status with the note of now. */
export function withNote(seen: Observation, status: CanaryStatus): CanaryStatus {
  const note = noteOf(seen);
  if (note === undefined) {
    return status;
  }
  const { absorbed: _before, ...kept } = status;
  const absorbed = absorbedBy(seen, status);
  return { ...kept, target: note, ...(Object.keys(absorbed).length === 0 ? {} : { absorbed }) };
}

function noteOf({ target, configs: checksums }: Observation): TargetNote | undefined {
  if (target === undefined) {
    return undefined;
  }
  const { uid, generation, revision, hash = revision } = target;
  const configs = configsDigest(checksums);
  return { uid, generation, hash, ...(configs === undefined ? {} : { configs }) };
}

/** Only of revisions that status still names. */
function absorbedBy({ target }: Observation, status: CanaryStatus): Record<string, string> {
  const { lastPromotedSpec, lastAppliedSpec, proven = [], run } = status;
  const named = new Set([
    lastPromotedSpec,
    lastAppliedSpec,
    run?.revision,
    run?.previous,
    ...proven,
    target?.revision,
  ]);
  const all = {
    ...status.absorbed,
    ...(target?.hash === undefined ? {} : { [target.hash]: target.revision }),
  };
  return Object.fromEntries(Object.entries(all).filter(([, revision]) => named.has(revision)));
}
