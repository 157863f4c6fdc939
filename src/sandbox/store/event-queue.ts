// Watch events on their way from the writer to one reader.
import type { WatchEvent } from '../../cluster/cluster.ts';

export class EventQueue implements AsyncIterable<WatchEvent> {
  readonly #events: WatchEvent[] = [];
  #held: boolean;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  onBookmark: () => void = () => {};

  constructor(held: boolean) {
    this.#held = held;
  }

  push(event: WatchEvent): void {
    if (this.#ended) return;
    this.#events.push(event);
    this.#wakeUp();
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#wakeUp();
  }

  /** What has not been read by now is lost. */
  end(error?: Error): void {
    this.#ended = true;
    this.#error = error;
    this.#wakeUp();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    while (!this.#ended) {
      const event = this.#held ? undefined : this.#events.shift();
      if (event === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else yield event;
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
