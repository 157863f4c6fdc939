// What traffic shows: that none failed, and that each step's share fits its weight.
// May import load.ts, history.ts and story.ts.
import type { RouteMoment } from '../history.ts';
import { count, type Sample, shareFits } from '../load.ts';
import { appName } from './manifests.ts';
import { expect } from './story.ts';

/** Answers other than 200 of the requests sent from `fromMs` on. */
export function failures(samples: readonly Sample[], fromMs = 0): readonly Sample[] {
  return samples.filter(({ status, atMs }) => status !== 200 && atMs >= fromMs);
}

export function expectNoFailure(samples: readonly Sample[], fromMs: number, since: string): void {
  const failed = failures(samples, fromMs);
  const total = count(samples, fromMs).total;
  const some = failed
    .slice(0, 5)
    .map(
      ({ status, error, pod, atMs }) =>
        `${status} ${error ?? ''} ${pod} ${new Date(atMs).toISOString().slice(11)}`,
    );
  expect(
    failed.length === 0,
    `${failed.length} of ${total} requests since ${since} failed: ${some.join('; ')}`,
  );
  expect(total > 0, `no request since ${since}`);
}

export function isCanaryPod(pod: string, name = appName): boolean {
  return pod.startsWith(`${name}-`) && !pod.startsWith(`${name}-primary-`);
}

export interface StepShare {
  readonly weight: number;
  readonly total: number;
  readonly canary: number;
  readonly z: number;
}

/** How long a gateway has to take a new weight over before its share is counted. */
export const settleMs = 2000;

/** The share of each weight of the first rule, from `settleMs` after it was written until the next is. */
export function sharesOf(
  samples: readonly Sample[],
  route: readonly RouteMoment[],
  { fromMs, toMs, name = appName }: { fromMs: number; toMs: number; name?: string },
): StepShare[] {
  return route.flatMap(({ atMs, rules }, index) => {
    const until = Math.min(route[index + 1]?.atMs ?? toMs, toMs);
    const begin = atMs + settleMs;
    const weight = rules[0]?.[`${name}-canary`];
    if (weight === undefined || atMs < fromMs || begin >= until) return [];
    const { byPod, total } = count(samples, begin, until);
    const canary = [...byPod].reduce((sum, [pod, times]) => sum + (isCanaryPod(pod, name) ? times : 0), 0);
    return [{ weight, total, canary, z: shareFits(weight, canary, total) }];
  });
}

/** Each of the weights was seen, with enough requests, and its share fits. */
export function expectShares(shares: readonly StepShare[], weights: readonly number[]): void {
  for (const weight of weights) {
    const share = shares.find((candidate) => candidate.weight === weight);
    expect(share !== undefined, `the route never had weight ${weight} for long enough`);
    const { total, canary, z } = share;
    expect(total >= 300, `only ${total} requests at weight ${weight}`);
    expect(Math.abs(z) < 4, `weight ${weight}: ${canary} of ${total} requests, z = ${z.toFixed(2)}`);
  }
}

export function describeShares(shares: readonly StepShare[]): string {
  return shares
    .map(({ weight, total, canary, z }) => `${weight}%: ${canary}/${total} (z ${z.toFixed(1)})`)
    .join(', ');
}
