// Where workloads of the target's kind are written, and where the answers go.
import type { Caches } from '../observe/caches.ts';
import type { Scene } from '../observe/scene.ts';
import type { WorkloadKind } from '../workload/kind.ts';
import type { Landing } from './apply.ts';

/** Nothing is decided for a target of a kind that is not supported. */
export function kindOf({ view, kind }: Scene): WorkloadKind {
  if (kind === undefined) {
    throw new Error(`${view.name}: the kind of its target is not supported`);
  }
  return kind;
}

export function landingOf({ workloads }: Caches, kind: WorkloadKind): Landing {
  return workloads.get(kind) ?? { put: () => undefined };
}
