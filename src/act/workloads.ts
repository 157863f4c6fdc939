// Where workloads of the target's kind are written, and where the answers go.
import { Retry } from '../model/errors.ts';
import type { Caches } from '../observe/caches.ts';
import type { Scene } from '../observe/scene.ts';
import type { WorkloadKind } from '../workload/kind.ts';
import { coreServices, renderCanaryClone } from '../workload/service.ts';
import { apply, translated } from './apply.ts';
import type { Landing } from './apply.ts';
import type { Stage } from './act.ts';

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

/** The canary Service of a target that is a Service. */
export async function writeClone(
  { cluster, caches, scene }: Pick<Stage, 'cluster' | 'caches' | 'scene'>,
  dryRun: boolean,
): Promise<void> {
  const { targetKey, view, owner, apex } = scene;
  const { resource, primaryShape: shape } = coreServices;
  const target = await translated(`read ${targetKey.name}`, () => cluster.get(resource, targetKey));
  if (target === undefined) {
    throw new Retry(`${targetKey.name} is gone`);
  }
  const wanted = renderCanaryClone(target, { name: `${apex}-canary`, namespace: view.namespace, owner });
  await apply(cluster, { resource, wanted, shape, landing: caches.services, dryRun });
}
