// The two stories of the demo: what the user does, what has to come of it, and when they have not ended as they should.
// Knows nothing of clusters and terminals: both are behind Stage. May import the journal.
import type { LoadCounts } from '../sandbox/load.ts';
import { failuresWithoutCanary, requestsOf } from './journal.ts';
import type { Journal } from './journal.ts';
import { checkText } from './lines.ts';
import type { Release } from './manifests.ts';
import type { CheckNews } from './news.ts';

export const scenarios = ['promote', 'rollback'] as const;
export type Scenario = (typeof scenarios)[number];

/** Where a story is played. */
export interface Stage {
  /** Creates the Deployment and, once it is available, the Canary. */
  deploy(release: Release): Promise<void>;
  /** Changes the Deployment, and nothing else. */
  release(release: Release): Promise<void>;
  startLoad(): void;
  counts(): LoadCounts;
  journal(): Journal;
  say(message: string): void;
  /** Resolves when the claim holds, asked again at every news and now and then; rejects with StoryError where it takes too long. */
  until(what: string, claim: () => boolean): Promise<void>;
}

/** The story did not end as its scenario says. */
export class StoryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StoryError';
  }
}

/** Rejects with StoryError, saying what is wrong. */
export async function tell(scenario: Scenario, stage: Stage): Promise<void> {
  stage.say('you deploy podinfo 1.0, and a Canary for it');
  await stage.deploy({ version: '1.0' });
  await reach(stage, 'Initialized', 0);
  stage.startLoad();
  await requests(stage, 60);
  await (scenario === 'promote' ? promote(stage) : rollBackThenPromote(stage));
}

async function promote(stage: Stage): Promise<void> {
  await releaseAndReach(stage, { version: '1.1' }, 'Succeeded');
  await requests(stage, 60);
  const { failed } = stage.counts();
  demand(failed === 0, `${failed} requests failed, and none should have`);
  stage.say('podinfo 1.1 is promoted, and no request failed');
}

async function rollBackThenPromote(stage: Stage): Promise<void> {
  const from = await releaseAndReach(stage, { version: '1.1', errorRate: 0.3 }, 'Failed');
  const failed = failedChecks(stage.journal(), from);
  const last = failed.at(-1);
  demand(last !== undefined, 'no metric failed, so nothing says why the run was rolled back');
  stage.say(`podinfo 1.1 is rolled back: ${failed.map(checkText).at(-1) ?? ''}`);

  const before = requestsOf(stage.counts());
  await requests(stage, 60);
  const after = requestsOf(stage.counts());
  // Those that were on their way when the counts were taken are no sign of a split.
  demand(after.canary - before.canary <= 2, 'the canary still gets requests after the rollback');
  stage.say('all requests go to the primary again');

  await releaseAndReach(stage, { version: '1.2' }, 'Succeeded');
  await requests(stage, 60);
  const unexplained = failuresWithoutCanary(stage.counts());
  demand(unexplained === 0, `${unexplained} requests failed that were not the canary's`);
  stage.say('podinfo 1.2 is promoted');
}

/** Answers where in the journal the release begins. */
async function releaseAndReach(stage: Stage, release: Release, phase: string): Promise<number> {
  const broken =
    release.errorRate === undefined ? '' : `, which fails ${release.errorRate * 100} % of its requests`;
  stage.say(`you release podinfo ${release.version}${broken}`);
  const from = stage.journal().entries.length;
  await stage.release(release);
  await reach(stage, phase, from);
  return from;
}

async function reach(stage: Stage, phase: string, from: number): Promise<void> {
  const reached = (): readonly string[] =>
    stage
      .journal()
      .entries.slice(from)
      .flatMap(({ news }) => (news.kind === 'phase' ? [news.phase] : []));
  const ends = ['Initialized', 'Succeeded', 'Failed'];
  await stage.until(`phase ${phase}`, () => reached().some((seen) => ends.includes(seen)));
  const end = reached().find((seen) => ends.includes(seen));
  demand(end === phase, `phase ${end ?? 'none'} was reached instead of ${phase}`);
}

async function requests(stage: Stage, more: number): Promise<void> {
  const before = stage.counts().requests;
  await stage.until(`${more} more requests`, () => stage.counts().requests >= before + more);
}

function failedChecks({ entries }: Journal, from: number): readonly CheckNews[] {
  return entries
    .slice(from)
    .flatMap(({ news }) => (news.kind === 'round' ? news.checks : []))
    .filter(
      ({ outcome, value, threshold }) => outcome === 'fail' && value !== undefined && threshold !== undefined,
    );
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) {
    throw new StoryError(otherwise);
  }
}
