// The simulated autoscaler controllers: the one of Kubernetes, and KEDA. What they want changes by chance.
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { numberOf, objectOf, textOf } from '../../src/model/json.ts';
import type { Store } from '../../src/sandbox/store.ts';
import type { Chance } from './chance.ts';

const PAUSED = 'autoscaling.keda.sh/paused';

interface Cluster {
  readonly store: Store;
  readonly chance: Chance;
  readonly calm: boolean;
}

/** True for a ScaledObject that KEDA leaves at the size it has been given. */
export function isPaused(object: KubeObject | undefined): boolean {
  return Object.keys(object?.metadata.annotations ?? {}).some((key) => key.startsWith(PAUSED));
}

export function pausedAt(object: KubeObject | undefined): string | undefined {
  return object?.metadata.annotations?.[`${PAUSED}-replicas`];
}

export function boundsOf(object: KubeObject | undefined): { readonly min: number; readonly max: number } {
  const spec = objectOf(object?.['spec']);
  return {
    min: numberOf(spec['minReplicas'] ?? spec['minReplicaCount']) ?? 1,
    max: numberOf(spec['maxReplicas'] ?? spec['maxReplicaCount']) ?? 1,
  };
}

/** One look at every autoscaler of the namespace. */
export function scaleWorkloads(cluster: Cluster, namespace: string): void {
  const { store } = cluster;
  for (const resource of [resources.horizontalPodAutoscalers, resources.scaledObjects]) {
    for (const autoscaler of store.list(resource, { namespace }).items) {
      const name = textOf(objectOf(objectOf(autoscaler['spec'])['scaleTargetRef'])['name']) ?? '';
      const workload = store.find(resources.deployments, { namespace, name });
      const now = numberOf(objectOf(workload?.['spec'])['replicas']) ?? 1;
      const wanted = workload === undefined ? now : wantedSize(cluster, autoscaler, now);
      if (wanted !== now) {
        const body = { spec: { replicas: wanted } };
        store.patch(resources.deployments, { namespace, name }, { kind: 'merge', body });
      }
    }
  }
}

function wantedSize({ chance, calm }: Cluster, autoscaler: KubeObject, now: number): number {
  if (isPaused(autoscaler)) {
    return Number(pausedAt(autoscaler) ?? now);
  }
  const { min, max } = boundsOf(autoscaler);
  if (now === 0) {
    return autoscaler.kind === 'ScaledObject' && (calm || chance.happens(0.3)) ? Math.max(1, min) : 0;
  }
  const wish = !calm && chance.happens(0.03) ? chance.between(min, max) : now;
  return Math.max(1, min, Math.min(max, wish));
}
