// The `checksum` of webhook payloads.
import { digest } from './hash.ts';

/** What is under test, as one opaque word: the same while both are unchanged. */
export function checksumOf(
  trackedConfigs: Readonly<Record<string, string>> | undefined,
  lastAppliedSpec: string | undefined,
): string {
  return digest({ trackedConfigs, lastAppliedSpec });
}
