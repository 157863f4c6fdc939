import { describe, expect, it } from '@jest/globals';
import { emptyJournal, written } from '../../src/demo/journal.ts';
import type { Journal } from '../../src/demo/journal.ts';
import type { News } from '../../src/demo/news.ts';
import { StoryError, tell } from '../../src/demo/story.ts';
import type { Stage } from '../../src/demo/story.ts';
import type { LoadCounts, Tally } from '../../src/sandbox/load.ts';

const phase = (name: string): News => ({ kind: 'phase', phase: name });

const failedRound: News = {
  kind: 'round',
  seq: 2,
  weight: 10,
  outcome: 'fail',
  reason: 'RoundFailed',
  checks: [{ name: 'request-success-rate', outcome: 'fail', value: 70, threshold: 'min 99' }],
};

/** What the cluster answers to each thing the user does; requests come as often as they are waited for. */
interface Script {
  readonly onDeploy?: readonly News[];
  readonly onRelease: Readonly<Record<string, readonly News[]>>;
  /** Who gets the requests that come after each version's release. */
  readonly pods?: Readonly<Record<string, Readonly<Record<string, Tally>>>>;
}

class ScriptedStage implements Stage {
  private current: Journal = emptyJournal;
  private load: LoadCounts = { requests: 0, failed: 0, byPod: {}, byVersion: {}, byStatus: {} };
  private readonly script: Script;
  private version = '';
  readonly said: string[] = [];

  constructor(script: Script) {
    this.script = script;
  }

  private write(news: readonly News[]): void {
    for (const each of news) {
      this.current = written(this.current, { atMs: 0, news: each });
    }
  }

  deploy(): Promise<void> {
    this.write(this.script.onDeploy ?? [phase('Initializing'), phase('Initialized')]);
    return Promise.resolve();
  }

  release({ version }: { version: string }): Promise<void> {
    this.version = version;
    this.write(this.script.onRelease[version] ?? []);
    return Promise.resolve();
  }

  startLoad(): void {
    this.version = '1.0';
  }

  counts(): LoadCounts {
    return this.load;
  }

  journal(): Journal {
    return this.current;
  }

  say(message: string): void {
    this.said.push(message);
  }

  until(what: string, claim: () => boolean): Promise<void> {
    const pods = this.script.pods?.[this.version] ?? { 'podinfo-primary-a-1': { requests: 60, failed: 0 } };
    for (const [pod, { requests, failed }] of Object.entries(pods)) {
      const known = this.load.byPod[pod] ?? { requests: 0, failed: 0 };
      const tally = { requests: known.requests + requests, failed: known.failed + failed };
      const { byPod } = this.load;
      this.load = {
        ...this.load,
        requests: this.load.requests + requests,
        failed: this.load.failed + failed,
        byPod: { ...byPod, [pod]: tally },
      };
    }
    return claim() ? Promise.resolve() : Promise.reject(new StoryError(`no ${what}`));
  }
}

const promoted = [phase('Progressing'), phase('Promoting'), phase('Finalising'), phase('Succeeded')];
const rolledBack = [phase('Progressing'), failedRound, phase('Failed')];

describe('the promote story', () => {
  it('ends well when 1.1 is promoted and no request failed', async () => {
    const stage = new ScriptedStage({ onRelease: { '1.1': promoted } });
    await tell('promote', stage);
    expect(stage.said).toEqual([
      'you deploy podinfo 1.0, and a Canary for it',
      'you release podinfo 1.1',
      'podinfo 1.1 is promoted, and no request failed',
    ]);
  });

  it.each<[string, Script, string]>([
    ['it is never initialised', { onDeploy: [phase('Initializing')], onRelease: {} }, 'no phase Initialized'],
    ['nothing happens', { onRelease: {} }, 'no phase Succeeded'],
    [
      'it is rolled back',
      { onRelease: { '1.1': rolledBack } },
      'phase Failed was reached instead of Succeeded',
    ],
    [
      'a request failed',
      {
        onRelease: { '1.1': promoted },
        pods: { '1.1': { 'podinfo-primary-a-1': { requests: 60, failed: 1 } } },
      },
      '2 requests failed, and none should have',
    ],
  ])('does not end well when %s', async (_title, script, message) => {
    await expect(tell('promote', new ScriptedStage(script))).rejects.toThrow(new StoryError(message));
  });
});

describe('the rollback story', () => {
  const onRelease = { '1.1': rolledBack, '1.2': promoted };
  const primary = { 'podinfo-primary-a-1': { requests: 60, failed: 0 } };

  it('ends well when 1.1 is rolled back for a metric that it names, and 1.2 is promoted', async () => {
    const stage = new ScriptedStage({ onRelease });
    await tell('rollback', stage);
    expect(stage.said.slice(1)).toEqual([
      'you release podinfo 1.1, which fails 30 % of its requests',
      'podinfo 1.1 is rolled back: request-success-rate 70 fails min 99',
      'all requests go to the primary again',
      'you release podinfo 1.2',
      'podinfo 1.2 is promoted',
    ]);
  });

  it.each<[string, Script, RegExp]>([
    [
      'the bad version is promoted',
      { onRelease: { ...onRelease, '1.1': promoted } },
      /Succeeded was reached instead of Failed/,
    ],
    [
      'no metric says why',
      { onRelease: { ...onRelease, '1.1': [phase('Progressing'), phase('Failed')] } },
      /no metric failed/,
    ],
    [
      'the canary keeps traffic',
      { onRelease, pods: { '1.1': { ...primary, 'podinfo-b-1': { requests: 9, failed: 3 } } } },
      /still gets requests/,
    ],
    [
      'the primary fails requests',
      { onRelease, pods: { '1.2': { 'podinfo-primary-a-1': { requests: 60, failed: 1 } } } },
      /not the canary's/,
    ],
    [
      'the fixed version is not promoted',
      { onRelease: { ...onRelease, '1.2': rolledBack } },
      /Failed was reached instead of Succeeded/,
    ],
  ])('does not end well when %s', async (_title, script, message) => {
    await expect(tell('rollback', new ScriptedStage(script))).rejects.toThrow(message);
  });
});
