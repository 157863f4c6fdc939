// Which revision a target counts as. A hash says what the content reads as today; where only the reading has changed (our
// hash function, a default of the API server, configuration tracking switched on or off) it is no new revision.
import type { TargetNote } from '../api/status.ts';
import { digest } from './hash.ts';
import type { Revision } from './revision.ts';

/** The digest of the configuration in use; undefined while it is not tracked. */
export function configsDigest(configs: Readonly<Record<string, string>> | undefined): string | undefined {
  return configs === undefined ? undefined : digest(configs);
}

export interface Known {
  /** The target as it was when status was last written. */
  readonly target?: TargetNote | undefined;
  /** Revisions that read otherwise now, by how they read. */
  readonly absorbed?: Readonly<Record<string, Revision>> | undefined;
}

/**
 * The revision of a target that reads as `now.hash`. No server changes a template without changing the generation, so the
 * same object of the same generation, with the same configuration, holds what it held.
 */
export function countsAs(now: TargetNote, { target: before, absorbed = {} }: Known): Revision {
  const known = absorbed[now.hash];
  if (known !== undefined) {
    return known;
  }
  const unchanged =
    before !== undefined &&
    now.uid !== '' &&
    now.generation > 0 &&
    before.uid === now.uid &&
    before.generation === now.generation &&
    (before.configs === undefined || now.configs === undefined || before.configs === now.configs);
  return unchanged ? (absorbed[before.hash] ?? before.hash) : now.hash;
}
