// A Canary as far as its queries are concerned, from the caches.
import { meshOf } from '../api/defaults.ts';
import type { MeasuredCanary } from '../measure/scope.ts';
import type { Caches } from './caches.ts';
import type { CanaryView } from './canary-view.ts';
import { targetOf } from './workload-caches.ts';

/** undefined where the Canary cannot be read. */
export function measuredCanaryOf(caches: Caches, view: CanaryView): MeasuredCanary | undefined {
  const { name, namespace, canary, annotations } = view;
  if (canary === undefined) {
    return undefined;
  }
  const target = targetOf(caches, view);
  const latestRevision = target?.revisionName;
  const primaryRevision = target?.primary?.revisionName;
  return {
    name,
    namespace,
    spec: canary.spec,
    mesh: meshOf(annotations),
    ...(latestRevision === undefined ? {} : { latestRevision }),
    ...(primaryRevision === undefined ? {} : { primaryRevision }),
  };
}
