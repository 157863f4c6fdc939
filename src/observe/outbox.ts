// What a status owes to its receivers, sent in order, one notice after the other for each Canary, beside its passes. Who
// the receivers are is the caller's. A process that begins anew sends again whatever status still owes.
import type { PostedNotice } from '../api/status.ts';
import type { CanaryView } from './canary-view.ts';

export interface OutboxOptions {
  /** Resolves when the notice has arrived, or never will. Must not reject. */
  readonly deliver: (view: CanaryView, notice: PostedNotice) => Promise<void>;
  /** Nothing is under way for this Canary any more. */
  readonly onDelivered: (key: string) => void;
}

export interface Outbox {
  /** Begins to send what has not been sent yet, and returns at once. */
  send(key: string, view: CanaryView): void;
  /** Numbers of what has been delivered and still stands in status. */
  delivered(key: string): readonly number[];
  forget(key: string): void;
}

interface Box {
  readonly uid: string;
  readonly waiting: PostedNotice[];
  readonly taken: Set<number>;
  readonly delivered: Set<number>;
  busy: boolean;
}

export function createOutbox({ deliver, onDelivered }: OutboxOptions): Outbox {
  const boxes = new Map<string, Box>();

  const work = async (key: string, view: CanaryView, box: Box): Promise<void> => {
    box.busy = true;
    for (let notice = box.waiting.shift(); notice !== undefined; notice = box.waiting.shift()) {
      await deliver(view, notice);
      box.delivered.add(notice.seq);
    }
    box.busy = false;
    onDelivered(key);
  };

  return {
    send: (key, view) => {
      const owed = view.status.outbox?.notices ?? [];
      const before = boxes.get(key);
      if (owed.length === 0 && before === undefined) {
        return;
      }
      const box = before?.uid === view.uid ? before : emptyBox(view.uid);
      boxes.set(key, box);
      const standing = new Set(owed.map(({ seq }) => seq));
      for (const seq of [...box.delivered].filter((one) => !standing.has(one))) {
        box.delivered.delete(seq);
        box.taken.delete(seq);
      }
      const fresh = owed.filter(({ seq }) => !box.taken.has(seq));
      for (const notice of fresh) {
        box.taken.add(notice.seq);
        box.waiting.push(notice);
      }
      if (fresh.length > 0 && !box.busy) {
        void work(key, view, box);
      }
    },
    delivered: (key) => [...(boxes.get(key)?.delivered ?? [])],
    forget: (key) => {
      boxes.delete(key);
    },
  };
}

function emptyBox(uid: string): Box {
  return { uid, waiting: [], taken: new Set(), delivered: new Set(), busy: false };
}
