// Labels and annotations of an object that is made from one of the user's: theirs, but for those that say something about
// that object alone.
import type { KubeObject } from '../model/kube.ts';

export type TextMap = Readonly<Record<string, string>>;

/** What was applied, by whom it is reconciled, what we wrote, and that it was discovered and may be collected again. */
const notCopied =
  /^kubectl\.kubernetes\.io\/last-applied-configuration$|toolkit\.fluxcd\.io|(^|\.)serin\.dev\/|^discovered_by$/;

export function copiedMetadata(source: KubeObject | undefined): {
  readonly labels: TextMap;
  readonly annotations: TextMap;
} {
  const { labels = {}, annotations = {} } = source?.metadata ?? {};
  return { labels: entriesWhere(labels, isCopied), annotations: entriesWhere(annotations, isCopied) };
}

function isCopied(key: string): boolean {
  return !notCopied.test(key);
}

export function entriesWhere(map: TextMap, wanted: (key: string) => boolean): TextMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => wanted(key)));
}
