// Follows all objects of one kind: list, then watch, again and again, for as long as the process wants to know.
// Not here: what is done with them.
// May import kube.ts.
import { z } from 'zod';
import type { KubeObject } from '../../src/model/kube.ts';
import { asObject, apiVersionOf, type KindRef, type Kube, nameOf } from './kube.ts';

export interface Follower {
  /** An object as it is now. Called again for all of them after each list. */
  readonly onObject: (object: KubeObject) => void;
  readonly onGone: (key: string) => void;
  readonly fieldSelector?: string;
}

export interface Following {
  /** Settles after the first list has been told. */
  readonly synced: Promise<void>;
  readonly stop: () => void;
}

const ListAnswer = z.object({
  items: z.array(z.record(z.string(), z.unknown())),
  metadata: z.object({ resourceVersion: z.string() }),
});
const Signal = z.object({ type: z.string(), object: z.record(z.string(), z.unknown()) });

/** `namespace/name`; the namespace is empty for a cluster-scoped object. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

export function follow(kube: Kube, kind: KindRef, follower: Follower): Following {
  const abort = new AbortController();
  let told: (() => void) | undefined;
  const synced = new Promise<void>((resolve) => {
    told = resolve;
  });
  let known = new Set<string>();

  async function round() {
    const query = new URLSearchParams(
      follower.fieldSelector === undefined ? {} : { fieldSelector: follower.fieldSelector },
    );
    const path = await kube.pathOf(kind);
    const { items, metadata } = ListAnswer.parse(await kube.request('GET', `${path}?${query.toString()}`));
    const objects = items.map((item) =>
      asObject({ ...item, apiVersion: apiVersionOf(kind), kind: nameOf(kind) }),
    );
    const now = new Set(objects.map(keyOf));
    for (const key of known) if (!now.has(key)) follower.onGone(key);
    known = now;
    for (const object of objects) follower.onObject(object);
    told?.();
    query.set('watch', 'true');
    query.set('resourceVersion', metadata.resourceVersion);
    for await (const line of kube.lines(`${path}?${query.toString()}`, abort.signal)) {
      const { type, object } = Signal.parse(JSON.parse(line));
      if (type === 'ERROR') return;
      tell(type, asObject(object));
    }
  }

  function tell(type: string, object: KubeObject) {
    const key = keyOf(object);
    if (type === 'DELETED') {
      known.delete(key);
      follower.onGone(key);
    } else {
      known.add(key);
      follower.onObject(object);
    }
  }

  const loop = async () => {
    while (!abort.signal.aborted) {
      await round().catch(() => new Promise((resolve) => setTimeout(resolve, 200)));
    }
  };
  void loop();
  return { synced, stop: () => abort.abort() };
}
