// Everything that has been seen of the story so far, as one value that views draw and the story judges by. Pure.
// May import the sandbox's load counts.
import type { LoadCounts, Tally } from '../sandbox/load.ts';
import { primaryName } from './manifests.ts';
import type { News } from './news.ts';

export interface Entry {
  /** Since the start of the demo. */
  readonly atMs: number;
  readonly news: News;
}

export interface Journal {
  readonly phase: string;
  readonly canaryWeight: number;
  readonly waiting: string;
  readonly entries: readonly Entry[];
}

export const emptyJournal: Journal = { phase: '', canaryWeight: 0, waiting: '', entries: [] };

export function written(journal: Journal, entry: Entry): Journal {
  const { news } = entry;
  const entries = [...journal.entries, entry];
  switch (news.kind) {
    case 'phase':
      // What it waited for belonged to the phase before.
      return { ...journal, entries, phase: news.phase, waiting: '' };
    case 'weight':
      return { ...journal, entries, canaryWeight: news.canary };
    case 'waiting':
      return { ...journal, entries, waiting: news.message };
    case 'story':
    case 'round':
    case 'event':
      return { ...journal, entries };
  }
}

/** The weights that the canary was given, in order; the zeros between runs left out. */
export function weightsOf({ entries }: Journal): readonly number[] {
  return entries.flatMap(({ news }) => (news.kind === 'weight' && news.canary > 0 ? [news.canary] : []));
}

export interface Requests {
  readonly total: number;
  readonly failed: number;
  readonly primary: number;
  readonly canary: number;
}

/** Counted by pod, not by version: during a promotion the primary has the new version too. */
export function requestsOf({ requests, failed, byPod }: LoadCounts): Requests {
  const of = (isPrimary: boolean): number =>
    talliesOf(byPod, isPrimary).reduce((sum, tally) => sum + tally.requests, 0);
  return { total: requests, failed, primary: of(true), canary: of(false) };
}

/** Requests that primary pods, or nobody, answered badly: these no canary explains. */
export function failuresWithoutCanary({ failed, byPod }: LoadCounts): number {
  return failed - talliesOf(byPod, false).reduce((sum, tally) => sum + tally.failed, 0);
}

function talliesOf(byPod: LoadCounts['byPod'], isPrimary: boolean): readonly Tally[] {
  return Object.entries(byPod)
    .filter(([pod]) => pod !== '' && pod.startsWith(`${primaryName}-`) === isPrimary)
    .map(([, tally]) => tally);
}
