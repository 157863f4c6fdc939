// All workload kinds. Adding one means adding its file and its line here, and its line in test/workload/kinds.test.ts.
import type { TargetRef } from '../api/reference.ts';
import { daemonSets } from './daemon-set.ts';
import { deployments } from './deployment.ts';
import type { WorkloadKind } from './kind.ts';

export const workloadKinds: readonly WorkloadKind[] = [deployments, daemonSets];

/** The kind of a target; undefined for one that is not supported. */
export function kindOf({ kind }: Pick<TargetRef, 'kind' | 'apiVersion'>): WorkloadKind | undefined {
  return workloadKinds.find(({ resource }) => resource.kind === kind);
}
