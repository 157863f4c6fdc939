// Who has an object that two lay claim to.
import type { CanaryView } from './canary-view.ts';

/** An object that belongs to somebody else is never written: `foreign`. One that belongs to nobody is adopted. */
export function isForeign(ownerUids: readonly string[], ownUid: string): boolean {
  return ownerUids.length > 0 && !ownerUids.includes(ownUid);
}

/** Of two Canaries the older has what both name; of the same age, the one whose UID sorts first. */
export function isOlder(
  one: Pick<CanaryView, 'createdAt' | 'uid'>,
  other: Pick<CanaryView, 'createdAt' | 'uid'>,
): boolean {
  return one.createdAt < other.createdAt || (one.createdAt === other.createdAt && one.uid < other.uid);
}
