// What a Canary's status tells beyond what it told before: the demo's news. Pure; reads only what any user can read.
// How news look is the views' business (lines.ts, screen.ts); what the story makes of them is story.ts'.
// May import api/ and model/.
import { z } from 'zod';
import { CanaryStatus } from '../api/status.ts';
import type { Round } from '../api/status.ts';
import type { KubeObject } from '../model/kube.ts';

export type CheckNews = Round['checks'][number];

export type News =
  /** The story's own doing. */
  | { readonly kind: 'story'; readonly message: string }
  | { readonly kind: 'phase'; readonly phase: string }
  | { readonly kind: 'weight'; readonly canary: number }
  | {
      readonly kind: 'round';
      readonly seq: number;
      readonly weight: number;
      readonly outcome: Round['outcome'];
      readonly reason: string;
      readonly checks: readonly CheckNews[];
    }
  /** What it waits for; said again only when it is something else. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'event'; readonly type: string; readonly reason: string; readonly message: string };

/** Nothing for an object that has no status yet, or one that cannot be read. */
export function statusOf(canary: KubeObject | undefined): CanaryStatus {
  return CanaryStatus.safeParse(canary?.['status'] ?? {}).data ?? {};
}

export function newsOf(before: CanaryStatus, after: CanaryStatus): readonly News[] {
  // What was found comes before what follows from it.
  return [
    ...roundNews(before, after),
    ...phaseNews(before, after),
    ...weightNews(before, after),
    ...waitingNews(before, after),
  ];
}

function phaseNews(before: CanaryStatus, { phase = '' }: CanaryStatus): News[] {
  return phase === '' || phase === before.phase ? [] : [{ kind: 'phase', phase }];
}

function weightNews(before: CanaryStatus, { canaryWeight = 0 }: CanaryStatus): News[] {
  return canaryWeight === (before.canaryWeight ?? 0) ? [] : [{ kind: 'weight', canary: canaryWeight }];
}

function roundKey({ seq, at }: Round): string {
  return `${at} ${seq}`;
}

function roundNews(before: CanaryStatus, after: CanaryStatus): News[] {
  const known = new Set((before.rounds ?? []).map(roundKey));
  return (after.rounds ?? [])
    .filter((round) => !known.has(roundKey(round)))
    .map(({ seq, weight, outcome, reason, checks }) => ({
      kind: 'round',
      seq,
      weight,
      outcome,
      reason,
      checks,
    }));
}

function waitingNews(before: CanaryStatus, after: CanaryStatus): News[] {
  const now = readyOf(after);
  const same = readyOf(before)?.message === now?.message;
  return now?.status !== 'Unknown' || same
    ? []
    : [{ kind: 'waiting', reason: now.reason, message: now.message ?? '' }];
}

function readyOf({
  conditions = [],
}: CanaryStatus): NonNullable<CanaryStatus['conditions']>[number] | undefined {
  return conditions.find(({ type }) => type === 'Ready');
}

const EventFields = z.looseObject({
  type: z.string().default(''),
  reason: z.string().default(''),
  message: z.string().default(''),
  count: z.number().default(1),
  involvedObject: z.looseObject({ kind: z.string().default(''), name: z.string().default('') }).prefault({}),
});

/** News from an Event object about the Canary; `known` is the same object as it was before. */
export function eventNews(
  canaryName: string,
  event: KubeObject,
  known: KubeObject | undefined,
): Extract<News, { kind: 'event' }> | undefined {
  const { type, reason, message, count, involvedObject } = EventFields.parse(event);
  const isOurs = involvedObject.kind === 'Canary' && involvedObject.name === canaryName;
  const isNew = known === undefined || EventFields.parse(known).count !== count;
  return isOurs && isNew ? { kind: 'event', type, reason, message } : undefined;
}
