// Keys by the time they are due: a binary heap with one entry a key.

export interface DueTimes {
  /** The earlier of two times for a key stays. */
  add(key: string, dueMs: number): void;
  remove(key: string): void;
  /** The earliest time, if there is any. */
  nextMs(): number | undefined;
  /** Takes out every key that is due, earliest first. */
  take(nowMs: number): string[];
  readonly size: number;
}

interface Due {
  readonly key: string;
  readonly dueMs: number;
}

function isBefore(a: Due | undefined, b: Due | undefined): boolean {
  return a !== undefined && b !== undefined && a.dueMs < b.dueMs;
}

function pushUp(heap: Due[], due: Due): void {
  let at = heap.push(due) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(due, above)) {
      return;
    }
    heap[at] = above;
    heap[parent] = due;
    at = parent;
  }
}

function popTop(heap: Due[]): Due | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) {
    return top;
  }
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
    const below = heap[child];
    if (below === undefined || !isBefore(below, last)) {
      heap[at] = last;
      return top;
    }
    heap[at] = below;
    at = child;
  }
}

export function createDueTimes(): DueTimes {
  /** The time that counts; what the heap says otherwise is left over and skipped when it comes up. */
  const wanted = new Map<string, number>();
  let heap: Due[] = [];

  const compact = (): void => {
    if (heap.length > 64 && heap.length > 2 * wanted.size) {
      heap = [];
      for (const [key, dueMs] of wanted) {
        pushUp(heap, { key, dueMs });
      }
    }
  };

  const dropLeftOvers = (): void => {
    for (let top = heap[0]; top !== undefined && wanted.get(top.key) !== top.dueMs; top = heap[0]) {
      popTop(heap);
    }
  };

  return {
    add(key, dueMs) {
      const known = wanted.get(key);
      if (known === undefined || dueMs < known) {
        wanted.set(key, dueMs);
        pushUp(heap, { key, dueMs });
        compact();
      }
    },
    remove(key) {
      wanted.delete(key);
      compact();
    },
    nextMs() {
      dropLeftOvers();
      return heap[0]?.dueMs;
    },
    take(nowMs) {
      const taken: string[] = [];
      for (;;) {
        dropLeftOvers();
        const top = heap[0];
        if (top === undefined || top.dueMs > nowMs) {
          return taken;
        }
        popTop(heap);
        wanted.delete(top.key);
        taken.push(top.key);
      }
    },
    get size() {
      return wanted.size;
    },
  };
}
