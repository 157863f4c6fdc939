// Puts the controller together: caches, watches, queue, pass, election, telemetry. The only file that knows all of them.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Cluster } from '../cluster/cluster.ts';
import { Retry, Stalled } from '../model/errors.ts';
import { resources } from '../model/kube.ts';
import type { PresenceOf } from '../model/kube.ts';
import { createAnswerer } from '../observe/answer.ts';
import type { Answerer } from '../observe/answer.ts';
import { claimantsOf, claimedBy, createCaches } from '../observe/caches.ts';
import type { Caches } from '../observe/caches.ts';
import type { CanaryView } from '../observe/canary-view.ts';
import { systemClock as answerClock } from '../observe/clock.ts';
import { createAuthorCheck } from '../observe/author.ts';
import { canaryKeyOf } from '../observe/command-view.ts';
import { createConfigReader } from '../observe/configs.ts';
import { measuredCanaryOf } from '../observe/measured-canary.ts';
import type { ProxySettings } from '../observe/proxy.ts';
import { createOutbox } from '../observe/outbox.ts';
import { createSender } from '../observe/outgoing.ts';
import { createPass } from '../reconcile.ts';
import type { Pass } from '../reconcile.ts';
import { serve } from '../serve/server.ts';
import type { Serving } from '../serve/server.ts';
import type { Settings } from '../settings.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { systemClock } from '../watch/clock.ts';
import { createElection } from '../watch/lease.ts';
import type { Election } from '../watch/lease.ts';
import { parseLabelSelector } from '../watch/label-selector.ts';
import { createQueue } from '../watch/queue.ts';
import type { Queue } from '../watch/queue.ts';
import { whyRefuse } from './check-cluster.ts';
import { countAnswer, measureCanaries } from './measure.ts';
import { createDelivery } from './deliver.ts';
import { createReport } from './report.ts';
import { startWatches } from './start-watches.ts';
import { wakeOnChanges } from './wake.ts';

export interface ControllerParts {
  readonly cluster: Cluster;
  readonly settings: Settings;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly proxies: ProxySettings;
  /** Leadership is gone: the process must end. */
  readonly onLost: (why: string) => void;
}

export interface Controller {
  /** Port of /metrics, /healthz and /readyz. */
  readonly port: number;
  /** The caches have been filled and the first passes may run. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** A pass that takes longer than this hangs: the process is restarted for it. */
const STANDSTILL_MS = 300_000;
const LEASE_NAME = 'flagger-leader-election';

/** Rejects with Stalled where the cluster cannot be worked with. */
export async function startController(parts: ControllerParts): Promise<Controller> {
  const { cluster, settings, log, metrics } = parts;
  const refusal = await whyRefuse(cluster);
  if (refusal !== undefined) {
    throw new Stalled('KindNotInstalled', refusal);
  }
  const caches = createCaches((error, what) => {
    log.error('an object could not be read', { what, error });
  });
  const queue: { current: Queue | undefined } = { current: undefined };
  const add = (key: string): void => queue.current?.add(key);
  const watching = startWatches(parts, caches, () => {
    for (const { key } of caches.canaries.entries()) {
      add(key);
    }
  });
  const sender = createSender(parts.proxies);
  const answerer = createAnswerer({
    send: sender.send,
    clock: answerClock,
    concurrency: settings.concurrency,
    onAnswer: add,
    template: (namespace, name) => caches.templates.get(`${namespace}/${name}`),
    secret: (namespace, name) => readSecret(cluster, namespace, name),
    metricsServer: settings.metricsServer,
    defaultProvider: settings.meshProvider,
    refuseCrossNamespace: settings.noCrossNamespaceRefs,
    answered: (entry) => {
      countAnswer(metrics, entry);
    },
  });
  const pass = createPass(passParts(parts, { caches, answerer, presenceOf: watching.presenceOf, wake: add }));
  const begin = (): void => {
    queue.current = startQueue(parts, pass);
    metrics.observeQueue(() => queue.current ?? { depth: 0, delayed: 0, active: 0 });
    const keys = [...caches.canaries.entries()].map(({ key }) => key);
    const left = [...caches.traffic.values()].flatMap(({ cache }) =>
      [...cache.values()].flatMap(claimantsOf),
    );
    for (const key of new Set([...keys, ...[...caches.commands.values()].map(canaryKeyOf), ...left])) {
      add(key);
    }
  };
  wakeOnChanges(caches, add);
  const forget = (key: string): void => {
    queue.current?.remove(key);
    // Commands may be left over, and routes that no owner takes along.
    if (caches.commands.byIndex('canary', key).length > 0 || claimedBy(caches, key).length > 0) {
      add(key);
    }
  };
  const isOurs = oursBy(settings);
  measureCanaries({ caches, metrics, isOurs, forget });
  const ready = watching.ready;
  const election = startElection(parts, ready, begin);
  const serving = await startServing(parts, { queue, caches, ready, election });
  return {
    port: serving.port,
    ready,
    async stop() {
      await queue.current?.stop();
      queue.current = undefined;
      answerer.close();
      await election?.stop();
      await watching.stop();
      sender.close();
      await serving.close();
    },
  };
}

function oursBy({ labelSelector }: Settings): (view: CanaryView) => boolean {
  const selects = parseLabelSelector(labelSelector) ?? (() => true);
  return ({ labels }) => selects(labels);
}

function passParts(
  { cluster, settings, log, metrics }: ControllerParts,
  {
    caches,
    answerer,
    presenceOf,
    wake,
  }: {
    readonly caches: Caches;
    readonly answerer: Answerer;
    readonly presenceOf: PresenceOf;
    readonly wake: (key: string) => void;
  },
): Parameters<typeof createPass>[0] {
  return {
    cluster,
    caches,
    settings: { ...settings, ingressClass: settings.ingressClass ?? '' },
    questioning: {
      ask(key, view, questions) {
        const canary = measuredCanaryOf(caches, view);
        if (canary !== undefined) {
          answerer.ask(key, canary, questions);
        }
      },
      answers: (key) => answerer.answers(key),
      keep: (key, round) => {
        answerer.keep(key, round);
      },
    },
    configs: settings.enableConfigTracking
      ? createConfigReader({ cluster, configMaps: caches.configMaps, nowMs: Date.now })
      : undefined,
    authors: createAuthorCheck(cluster),
    presenceOf,
    nowMs: Date.now,
    chance: () => randomBytes(6).toString('hex'),
    outbox: createOutbox({
      deliver: createDelivery({
        cluster,
        log,
        answerer,
        eventWebhook: settings.eventWebhook,
        clock: answerClock,
      }),
      onDelivered: wake,
    }),
    listener: createReport({ log, metrics }),
    isOurs: oursBy(settings),
  };
}

function startQueue({ settings, log, metrics }: ControllerParts, pass: Pass): Queue {
  const queue = createQueue({
    concurrency: settings.concurrency,
    clock: systemClock,
    random: Math.random,
    async work(key) {
      const beganMs = performance.now();
      const measured = (outcome: 'done' | 'retried' | 'failed'): void => {
        metrics.pass({ outcome, durationMs: performance.now() - beganMs });
      };
      try {
        const wakeAtMs = await pass(key);
        if (wakeAtMs !== undefined) {
          queue.addAt(key, wakeAtMs);
        }
        measured('done');
      } catch (error) {
        measured(error instanceof Retry ? 'retried' : 'failed');
        throw error;
      }
    },
    onError: (error, key) => {
      const [namespace = '', name = key] = key.split('/');
      const fields = { canary: `${name}.${namespace}`, error };
      if (error instanceof Retry) {
        log.info(error.message, { ...fields, reason: 'Retrying' });
      } else {
        log.error('a pass failed: this is a defect of Serin', { ...fields, reason: 'InternalError' });
      }
    },
  });
  return queue;
}

function startElection(
  { cluster, settings, log, metrics, onLost }: ControllerParts,
  ready: Promise<void>,
  begin: () => void,
): Election | undefined {
  const failed = (error: unknown): void => {
    onLost(error instanceof Error ? error.message : String(error));
  };
  if (!settings.enableLeaderElection) {
    metrics.leader(true);
    ready.then(begin).catch(failed);
    return undefined;
  }
  const election = createElection({
    cluster,
    lease: { namespace: settings.leaderElectionNamespace, name: LEASE_NAME },
    identity: `${hostname()}_${randomBytes(8).toString('hex')}`,
    clock: systemClock,
    random: Math.random,
    times: {
      durationMs: settings.leaderElectionLeaseDurationMs,
      renewDeadlineMs: settings.leaderElectionRenewDeadlineMs,
      retryMs: settings.leaderElectionRetryPeriodMs,
    },
    onElected() {
      log.info('leading', { reason: 'Elected' });
      metrics.leader(true);
      ready.then(begin).catch(failed);
    },
    onLost(why) {
      metrics.leader(false);
      onLost(why);
    },
    onWaiting(holder) {
      const text = `waiting: ${holder} holds the lease ${settings.leaderElectionNamespace}/${LEASE_NAME}`;
      log.info(isFlagger(holder) ? `${text}. That is Flagger: scale it to zero` : text, {
        reason: 'Following',
      });
    },
    onTrouble: (error) => {
      log.warn('the lease could not be renewed or read', { error });
    },
  });
  election.start();
  return election;
}

/** Flagger's identity ends in a UUID, ours in 16 hex digits. */
function isFlagger(holder: string): boolean {
  return /_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(holder);
}

interface Health {
  readonly queue: { readonly current: Queue | undefined };
  readonly caches: Caches;
  readonly ready: Promise<void>;
  readonly election: Election | undefined;
}

async function startServing(
  { settings, metrics }: ControllerParts,
  { queue, ready, election }: Health,
): Promise<Serving> {
  const synced = watchReadiness(ready);
  return serve({
    port: settings.port,
    address: settings.bindAddress,
    metrics,
    standstill() {
      const since = queue.current?.oldestStartMs;
      return since !== undefined && Date.now() - since > STANDSTILL_MS
        ? `a pass has been running for more than ${STANDSTILL_MS / 60_000} minutes`
        : undefined;
    },
    readiness() {
      const leader =
        election === undefined || election.isLeader ? 'leading' : `following ${election.holder ?? 'nobody'}`;
      return { ready: synced.done, text: `${synced.done ? 'synced' : 'waiting for the caches'}, ${leader}` };
    },
  });
}

function watchReadiness(ready: Promise<void>): { readonly done: boolean } {
  const state = { done: false };
  const note = async (): Promise<void> => {
    await ready;
    state.done = true;
  };
  note().catch(() => undefined);
  return state;
}

async function readSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const secret = await cluster.get(resources.secrets, { namespace, name });
  const data = secret?.['data'];
  if (secret === undefined || typeof data !== 'object' || data === null) {
    return secret === undefined ? undefined : {};
  }
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
  );
}
