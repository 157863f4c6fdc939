// A revision: which version of the user's workload, named by content.
import { digest } from './hash.ts';

/** `v1:` and 16 hex digits. The prefix names the hash function, so that a later one never looks like a change. */
export type Revision = string;

const CURRENT = 'v1';

/** The revision of a pod template together with the checksums of the configuration it uses (absent: none tracked). */
export function revisionOf(template: unknown, configs?: Readonly<Record<string, string>>): Revision {
  return `${CURRENT}:${digest({ template, configs })}`;
}

/** True if Serin wrote this hash; Flagger's hashes have no prefix and are never compared. */
export function isOwnRevision(revision: string | undefined): revision is Revision {
  return revision !== undefined && /^v\d+:[0-9a-f]{16}$/.test(revision);
}

/** The part usable in object names: `v1:9f3c…` becomes `v1-9f3c…`. */
export function revisionSuffix(revision: Revision): string {
  return revision.replace(':', '-');
}
