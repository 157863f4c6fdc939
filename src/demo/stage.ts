// The stage on a real cluster: applies what the user applies, and watches what any user can watch. Over HTTP, through the
// cluster port; the sandbox's insides are not looked at. May import the port, the sandbox's load and follower.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf, resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import { follow } from '../sandbox/follow.ts';
import { startLoad } from '../sandbox/load.ts';
import type { Load, LoadCounts } from '../sandbox/load.ts';
import { emptyJournal, written } from './journal.ts';
import type { Entry, Journal } from './journal.ts';
import { appHost, appName, appNamespace, canary, deployment, podTemplate } from './manifests.ts';
import type { Pace } from './manifests.ts';
import { eventNews, newsOf, statusOf } from './news.ts';
import type { News } from './news.ts';
import { StoryError } from './story.ts';
import type { Stage } from './story.ts';

export interface StageOptions {
  readonly cluster: Cluster;
  readonly gatewayUrl: string;
  readonly pace: Pace;
  readonly ratePerSecond: number;
  /** How long one step of the story may take. */
  readonly patienceMs: number;
  readonly onEntry: (entry: Entry) => void;
  /** Aborted: whatever is waited for rejects. */
  readonly signal: AbortSignal;
}

export interface LiveStage extends Stage {
  /** undefined before the load has started. */
  readonly liveCounts: () => LoadCounts | undefined;
  readonly elapsedMs: () => number;
  readonly stop: () => Promise<void>;
}

const noCounts: LoadCounts = { requests: 0, failed: 0, byPod: {}, byVersion: {}, byStatus: {} };

export function openStage(options: StageOptions): LiveStage {
  const { cluster, gatewayUrl, pace, ratePerSecond, onEntry } = options;
  const startedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedAtMs;
  const claims = new Claims(options.patienceMs, options.signal);
  let journal: Journal = emptyJournal;
  let load: Load | undefined;

  const write = (news: News): void => {
    const entry = { atMs: elapsedMs(), news };
    journal = written(journal, entry);
    onEntry(entry);
    claims.ask();
  };

  let seenStatus = statusOf(undefined);
  const canaries = follow(cluster, resources.canaries, (key, object) => {
    if (key === keyOf({ namespace: appNamespace, name: appName })) {
      const status = statusOf(object);
      const news = newsOf(seenStatus, status);
      seenStatus = status;
      news.forEach(write);
    }
  });
  const knownEvents = new Map<string, KubeObject>();
  const events = follow(cluster, resources.events, (key, event) => {
    const news = event === undefined ? undefined : eventNews(appName, event, knownEvents.get(key));
    if (event !== undefined) {
      knownEvents.set(key, event);
    }
    if (news !== undefined) {
      write(news);
    }
  });

  return {
    elapsedMs,
    journal: () => journal,
    say: (message) => write({ kind: 'story', message }),
    deploy: async (release) => {
      await cluster.create(resources.deployments, deployment(release));
      await untilAvailable(options);
      await cluster.create(resources.canaries, canary(pace));
    },
    release: async (release) => {
      const operations = [{ op: 'replace' as const, path: '/spec/template', value: podTemplate(release) }];
      const key = { namespace: appNamespace, name: appName };
      await cluster.patch(resources.deployments, key, { kind: 'json', operations });
    },
    startLoad: () => {
      load = startLoad({ url: gatewayUrl, host: appHost, ratePerSecond });
    },
    counts: () => load?.counts() ?? noCounts,
    liveCounts: () => load?.counts(),
    until: (what, claim) => claims.until(what, claim, () => journal),
    stop: async () => {
      claims.stop();
      await Promise.all([canaries.stop(), events.stop(), load?.stop()]);
    },
  };
}

const AvailableDeployment = z.looseObject({
  spec: z.looseObject({ replicas: z.number() }),
  status: z.looseObject({ availableReplicas: z.number() }),
});

function isAvailable(found: KubeObject | undefined): boolean {
  const { data } = AvailableDeployment.safeParse(found);
  return data !== undefined && data.status.availableReplicas >= data.spec.replicas;
}

async function untilAvailable({ cluster, patienceMs, signal }: StageOptions): Promise<void> {
  const key = { namespace: appNamespace, name: appName };
  const giveUpAtMs = performance.now() + patienceMs;
  while (!isAvailable(await cluster.get(resources.deployments, key))) {
    if (signal.aborted || performance.now() > giveUpAtMs) {
      throw new StoryError(signal.aborted ? 'interrupted' : `the pods of ${appName} do not become available`);
    }
    await sleep(100);
  }
}

interface Claim {
  readonly holds: () => boolean;
  readonly settle: () => void;
}

/** Claims somebody waits for: asked at every news, and ten times a second for those that no news tells of. */
class Claims {
  private readonly open = new Set<Claim>();
  private readonly timer = setInterval(() => this.ask(), 100);
  private readonly patienceMs: number;
  private readonly signal: AbortSignal;

  constructor(patienceMs: number, signal: AbortSignal) {
    this.patienceMs = patienceMs;
    this.signal = signal;
  }

  ask(): void {
    for (const claim of this.open) {
      if (claim.holds()) {
        claim.settle();
      }
    }
  }

  async until(what: string, holds: () => boolean, journal: () => Journal): Promise<void> {
    const { signal, patienceMs } = this;
    await new Promise<void>((resolve, reject) => {
      const close = (): void => {
        this.open.delete(claim);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const giveUp = (why: string): void => {
        close();
        reject(new StoryError(why));
      };
      const timer = setTimeout(() => {
        const { phase, waiting } = journal();
        const state = `phase is ${phase || 'not set'}${waiting === '' ? '' : `, waiting for: ${waiting}`}`;
        giveUp(`no ${what} after ${Math.round(patienceMs / 1000)} s; ${state}`);
      }, patienceMs);
      const onAbort = (): void => giveUp('interrupted');
      signal.addEventListener('abort', onAbort, { once: true });
      const claim: Claim = {
        holds,
        settle: () => {
          close();
          resolve();
        },
      };
      this.open.add(claim);
      if (signal.aborted) {
        onAbort();
      }
      this.ask();
    });
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
