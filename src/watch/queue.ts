// Which key is worked on when: one pass at a time for each key, a bounded number for the process, due times without a
// timer each, back-off for what failed. Knows nothing of what a pass does; imports the clock and the two errors.
import { Stalled } from '../model/errors.ts';
import { backOffMs, type BackOff, type Clock } from './clock.ts';
import { createDueTimes } from './due-times.ts';

export interface Queue {
  /** Work on the key as soon as there is room; while it is being worked on, once more right after. */
  add(key: string): void;
  /**
   * Work on the key at this time, or earlier if something else wants it earlier. The beginning of a pass forgets the
   * time: the pass says itself when to look again.
   */
  addAt(key: string, dueMs: number): void;
  /** Forgets the key: it is not worked on again until it is added. A pass that runs ends by itself. */
  remove(key: string): void;
  /** Keys that could be worked on now, but for room. */
  readonly depth: number;
  /** Keys that wait for their time. */
  readonly delayed: number;
  /** Passes that run. */
  readonly active: number;
  /** When the longest-running pass began; undefined where none runs. For liveness. */
  readonly oldestStartMs: number | undefined;
  /** Starts no more passes; resolves when those that run have ended. */
  stop(): Promise<void>;
}

export interface QueueOptions {
  /** One pass. Rejects: tried again with back-off, except for Stalled, which waits for a change. */
  readonly work: (key: string) => Promise<void>;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backOff?: BackOff;
  readonly onError: (error: unknown, key: string) => void;
}

const BACK_OFF: BackOff = { baseMs: 500, maxMs: 60_000 };

interface Running {
  readonly startMs: number;
  again: boolean;
}

export function createQueue(options: QueueOptions): Queue {
  return new KeyQueue(options);
}

class KeyQueue implements Queue {
  readonly #options: QueueOptions;
  readonly #ready = new Set<string>();
  readonly #running = new Map<string, Running>();
  readonly #failures = new Map<string, number>();
  readonly #due = createDueTimes();
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #stopped = false;
  readonly #waiting: (() => void)[] = [];

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    const pass = this.#running.get(key);
    if (pass !== undefined) {
      pass.again = true;
    } else if (!this.#stopped) {
      this.#ready.add(key);
      this.#start();
    }
  }

  addAt(key: string, dueMs: number): void {
    if (!this.#stopped && !this.#ready.has(key)) {
      this.#due.add(key, dueMs);
      this.#arm();
    }
  }

  remove(key: string): void {
    this.#ready.delete(key);
    this.#due.remove(key);
    this.#failures.delete(key);
    const pass = this.#running.get(key);
    if (pass !== undefined) {
      pass.again = false;
    }
    this.#arm();
  }

  get depth(): number {
    return this.#ready.size;
  }

  get delayed(): number {
    return this.#due.size;
  }

  get active(): number {
    return this.#running.size;
  }

  get oldestStartMs(): number | undefined {
    const [first] = this.#running.values();
    return first?.startMs;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ready.clear();
    this.#arm();
    if (this.#running.size > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** One timer for all keys: for the earliest time there is. */
  #arm(): void {
    const nextMs = this.#stopped ? undefined : this.#due.nextMs();
    if (this.#timer?.atMs === nextMs) {
      return;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    if (nextMs !== undefined) {
      const { clock } = this.#options;
      const cancel = clock.after(Math.max(0, nextMs - clock.nowMs()), () => {
        this.#wake();
      });
      this.#timer = { atMs: nextMs, cancel };
    }
  }

  #wake(): void {
    this.#timer = undefined;
    for (const key of this.#due.take(this.#options.clock.nowMs())) {
      this.add(key);
    }
    this.#arm();
  }

  #start(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.concurrency) {
        break;
      }
      this.#ready.delete(key);
      this.#due.remove(key);
      const pass = { startMs: this.#options.clock.nowMs(), again: false };
      this.#running.set(key, pass);
      void this.#run(key, pass);
    }
    this.#arm();
  }

  async #run(key: string, pass: Running): Promise<void> {
    try {
      await this.#options.work(key);
      this.#failures.delete(key);
    } catch (error) {
      this.#fail(error, key, pass);
    }
    this.#running.delete(key);
    if (pass.again) {
      this.add(key);
    }
    this.#start();
    if (this.#running.size === 0) {
      for (const wake of this.#waiting.splice(0)) {
        wake();
      }
    }
  }

  #fail(error: unknown, key: string, pass: Running): void {
    const { clock, random, backOff = BACK_OFF, onError } = this.#options;
    if (error instanceof Stalled) {
      this.#failures.delete(key);
    } else {
      const count = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, count);
      // What was added meanwhile waits too: a pass that writes, is told of its write and fails must not spin.
      pass.again = false;
      this.addAt(key, clock.nowMs() + backOffMs(backOff, count, random));
    }
    onError(error, key);
  }
}
