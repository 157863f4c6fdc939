// Keeps one sink in step with one kind: list, then watch, for ever. Works over the port, so for the simulated cluster and
// the real one alike. Knows nothing of what is kept; imports the port, the clock and the sink's shape.
import { ApiError, isApiError, type Cluster, type ListOptions, type WatchEvent } from '../cluster/cluster.ts';
import type { Resource } from '../model/kube.ts';
import type { Sink } from './cache.ts';
import { backOffMs, pause, untilAborted, type BackOff, type Clock } from './clock.ts';

const PAGE = 500;
const BACK_OFF: BackOff = { baseMs: 500, maxMs: 60_000 };
const WATCH_SECONDS = { least: 240, most: 300 };
/** What a watch may last beyond the time that the server was told to end it after. */
const GRACE_MS = 30_000;
/** A watch that lasted this long was no failure, even if it brought nothing. */
const HEALTHY_MS = 10_000;
/**
 * So many watches in a row that failed without one event, and we list: a server restored from a backup stays silent until it
 * has come as far as we had, without a word about it.
 */
const IN_VAIN = 3;
/** How often a kind is looked for after a sign that it exists: its definition comes before it is served. */
const LOOKS = 6;

/**
 * `idle`: not started; `syncing`: no list yet; `missing`: the server does not serve the kind (the sink knows that there are
 * no objects, and nothing is sent until `recheck`).
 */
export type ReflectorState = 'idle' | 'syncing' | 'synced' | 'missing' | 'stopped';

/** Why a list or a watch has to begin again, other than the server's ending it in time. */
export interface Trouble {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly reason: 'expired' | 'refused' | 'broken';
  readonly error: unknown;
}

export interface ReflectorOptions {
  readonly cluster: Cluster;
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly metadataOnly?: boolean | undefined;
  readonly sink: Sink;
  readonly clock: Clock;
  /** From 0 up to 1; spreads watches and retries, so that many Serins do not come at once. */
  readonly random: () => number;
  readonly onTrouble?: ((trouble: Trouble) => void) | undefined;
}

export interface Reflector {
  readonly state: ReflectorState;
  /** Begins; later calls change nothing. */
  start(): void;
  /** Takes the kind for missing without asking, until `recheck`. Only before `start`. */
  assumeMissing(): void;
  /** Lists again at once; a kind that is said to be `there` is looked for a few times, it may take a moment. */
  recheck(said: 'there' | 'gone'): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** After these the watch can go on from where it was; after anything else only a new list helps. */
function canResume(error: unknown): boolean {
  if (!(error instanceof ApiError)) {
    return true;
  }
  // A server that has not come as far as we have, which a restored backup may never do.
  const ahead = error.message.includes('Too large resource version');
  return !ahead && (error.status === 429 || error.status >= 500);
}

function troubleReason(error: unknown): Trouble['reason'] {
  if (isApiError(error, 410)) {
    return 'expired';
  }
  return error instanceof ApiError ? 'refused' : 'broken';
}

/** How one watch went; `from` is where the next one goes on. */
interface Watched {
  readonly from: string;
  readonly events: number;
  readonly failure: Error | undefined;
  readonly healthy: boolean;
}

export function createReflector(options: ReflectorOptions): Reflector {
  return new ListWatch(options);
}

class ListWatch implements Reflector {
  readonly #options: ReflectorOptions;
  #state: ReflectorState = 'idle';
  #run: Promise<void> | undefined;
  /** One list and the watches that follow it; aborted to list again. */
  #cycle = new AbortController();
  #failures = 0;
  #looksLeft = 0;

  constructor(options: ReflectorOptions) {
    this.#options = options;
  }

  get state(): ReflectorState {
    return this.#state;
  }

  start(): void {
    if (this.#run === undefined && !this.#isStopped()) {
      this.#state = this.#state === 'missing' ? 'missing' : 'syncing';
      this.#run = this.#loop();
    }
  }

  assumeMissing(): void {
    if (this.#state === 'idle') {
      this.#state = 'missing';
      this.#options.sink.clear();
    }
  }

  recheck(said: 'there' | 'gone'): void {
    this.#looksLeft = said === 'there' ? LOOKS : 0;
    this.#failures = 0;
    this.#cycle.abort();
    this.start();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#cycle.abort();
    await this.#run;
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  async #loop(): Promise<void> {
    while (!this.#isStopped()) {
      this.#cycle = new AbortController();
      const { signal } = this.#cycle;
      try {
        const version = await this.#list(signal);
        await this.#follow(version, signal);
      } catch (error) {
        if (!signal.aborted) {
          await (isApiError(error, 404) ? this.#rest(signal) : this.#backOff(error, signal));
        }
      }
    }
  }

  /** Pages are handed on one by one, so that a large list is never held whole. */
  async #list(signal: AbortSignal): Promise<string> {
    const { cluster, resource, sink, namespace, fieldSelector, metadataOnly } = this.#options;
    const query: ListOptions = {
      limit: PAGE,
      signal,
      ...(namespace === undefined ? {} : { namespace }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(metadataOnly === undefined ? {} : { metadataOnly }),
    };
    const list = sink.begin();
    let page = await cluster.list(resource, query);
    for (;;) {
      for (const object of page.items) {
        list.add(object);
      }
      if (page.continueToken === undefined) {
        break;
      }
      page = await cluster.list(resource, { ...query, continueToken: page.continueToken });
    }
    signal.throwIfAborted();
    this.#state = 'synced';
    this.#looksLeft = 0;
    list.commit(page.resourceVersion);
    return page.resourceVersion;
  }

  /** Watches again and again from where the last watch ended; throws where only a new list helps. */
  async #follow(version: string, signal: AbortSignal): Promise<void> {
    let from = version;
    let inVain = 0;
    while (!signal.aborted) {
      const watched = await this.#watchOnce(from, signal);
      const { failure, events, healthy } = watched;
      from = watched.from;
      this.#failures = healthy ? 0 : this.#failures;
      inVain = failure === undefined || events > 0 ? 0 : inVain + 1;
      if (failure !== undefined && (!canResume(failure) || inVain >= IN_VAIN)) {
        throw failure;
      }
      if ((failure !== undefined || !healthy) && !signal.aborted) {
        await this.#backOff(failure ?? new Error('the watch ended at once'), signal);
      }
    }
  }

  async #watchOnce(start: string, signal: AbortSignal): Promise<Watched> {
    const { clock } = this.#options;
    const startMs = clock.nowMs();
    let from = start;
    let events = 0;
    let failure: Error | undefined;
    try {
      for await (const event of this.#watch(from, signal)) {
        from = event.object.metadata.resourceVersion ?? from;
        events += 1;
        this.#apply(event);
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    return { from, events, failure, healthy: events > 0 || clock.nowMs() - startMs >= HEALTHY_MS };
  }

  #apply(event: WatchEvent): void {
    const { sink } = this.#options;
    sink.apply(event);
  }

  async *#watch(from: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { cluster, resource, namespace, fieldSelector, metadataOnly, clock, random } = this.#options;
    const { least, most } = WATCH_SECONDS;
    const timeoutSeconds = least + Math.floor(random() * (most - least + 1));
    const watching = new AbortController();
    const end = (): void => {
      watching.abort();
    };
    // A server that forgets to end the watch, or a connection that died without a word.
    const cancel = clock.after(timeoutSeconds * 1000 + GRACE_MS, end);
    signal.addEventListener('abort', end, { once: true });
    try {
      signal.throwIfAborted();
      yield* cluster.watch(resource, {
        resourceVersion: from,
        timeoutSeconds,
        signal: watching.signal,
        ...(namespace === undefined ? {} : { namespace }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
        ...(metadataOnly === undefined ? {} : { metadataOnly }),
      });
    } finally {
      cancel();
      signal.removeEventListener('abort', end);
    }
  }

  async #backOff(error: unknown, signal: AbortSignal): Promise<void> {
    const { resource, namespace, clock, random, onTrouble } = this.#options;
    this.#failures += 1;
    const reason = troubleReason(error);
    onTrouble?.({ resource, namespace, reason, error });
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    // A version that has expired is no failure of the server's: the first new list need not wait.
    if (reason !== 'expired' || this.#failures > 1) {
      await pause(clock, Math.max(asked, backOffMs(BACK_OFF, this.#failures, random)), signal);
    }
  }

  /** The kind is not served: nothing is sent until somebody says that it may be. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { sink, clock, random } = this.#options;
    this.#state = 'missing';
    sink.clear();
    if (this.#looksLeft > 0) {
      this.#looksLeft -= 1;
      await pause(clock, backOffMs({ baseMs: 1000, maxMs: 30_000 }, LOOKS - this.#looksLeft, random), signal);
    } else {
      await untilAborted(signal);
    }
  }
}
