// What arrives of what Serin says: at least once, always in the same words, and in the end all of it.
import { objectOf } from '../../src/model/json.ts';
import { Violation } from './invariants.ts';
import type { World } from './world.ts';

export class Deliveries {
  readonly #world: World;
  readonly #told = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A notice may arrive again after a crash, under the same number and in the same words. */
  told(id: string, message: string): void {
    const before = this.#told.get(id);
    if (before !== undefined && before !== message) {
      throw new Violation(`notice ${id} said "${before}" first, then "${message}"`);
    }
    this.#told.set(id, message);
  }

  /** Every notice that was stored has arrived, and none stands in status any more. */
  nothingIsOwed(): boolean {
    const canary = this.#world.canary();
    const { lastSeq = 0, notices = [] } = objectOf(objectOf(canary?.['status'])['outbox']);
    const told = Array.from(
      { length: Number(lastSeq) },
      (_, index) => `${canary?.metadata.uid}/${index + 1}`,
    );
    const missing = told.filter((id) => !this.#told.has(id));
    if (Array.isArray(notices) && notices.length === 0 && missing.length > 0) {
      throw new Violation(`notices that never arrived: ${missing.join(', ')}`);
    }
    return Array.isArray(notices) && notices.length === 0;
  }
}
