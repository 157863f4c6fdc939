// All workload kinds. Adding one means adding its file and its line here, and its line in test/workload/kinds.test.ts.
import type { TargetRef } from '../api/reference.ts';
import { apiVersionOf } from '../model/kube.ts';
import { daemonSets } from './daemon-set.ts';
import { deployments } from './deployment.ts';
import type { WorkloadKind } from './kind.ts';
import { knativeServices } from './knative.ts';
import { coreServices } from './service.ts';

export const workloadKinds: readonly WorkloadKind[] = [
  deployments,
  daemonSets,
  coreServices,
  knativeServices,
];

/** The kind of a target; undefined for one that is not supported. */
export function kindOf(target: Pick<TargetRef, 'kind' | 'apiVersion'>): WorkloadKind | undefined {
  // A group decides between two kinds of one name, and is a free text otherwise.
  const named = workloadKinds.filter(({ resource }) => resource.kind === target.kind);
  return named.find(({ resource }) => apiVersionOf(resource) === target.apiVersion) ?? named[0];
}
