// The pretend nodes: follow Deployments and DaemonSets, run their pods as small HTTP servers on loopback, and know which pods serve which
// Service. No traffic is split here (gateway.ts). May import the port and model/.
import { z } from 'zod';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf, resources } from '../model/kube.ts';
import type { KubeObject, ObjectKey } from '../model/kube.ts';
import { loopbackPlacement } from './addresses.ts';
import { planDaemonRollout } from './daemon-rollout.ts';
import { follow } from './follow.ts';
import type { Endpoint, PodContext } from './pod.ts';
import { planRollout } from './rollout.ts';
import { clusterResources } from './store/built-in.ts';
import { WorkloadRunner } from './workload-runner.ts';
import type { RunKind } from './workload-runner.ts';

export interface NodesOptions {
  readonly cluster: Cluster;
  /** How long a pod takes from creation to ready: a span out of which each pod takes its own. */
  readonly startMs?: readonly [number, number];
  readonly drainMs?: number;
  readonly onError?: (error: unknown) => void;
}

export interface Nodes {
  /** Resolves once the workloads and Services that were there at the start are known. */
  readonly listed: Promise<void>;
  /** Ready pods that the Service selects, in the order they were created; none for a Service that does not exist. */
  readonly endpoints: (service: ObjectKey) => readonly Endpoint[];
  readonly hasService: (service: ObjectKey) => boolean;
  readonly stop: () => Promise<void>;
}

/** How many nodes there are for pods that go one to a node; they all are this machine. */
const NODES = 2;

const runKinds: readonly RunKind[] = [
  { resource: resources.deployments, plan: planRollout },
  {
    resource: resources.daemonSets,
    plan: (object, generations, nowMs) => planDaemonRollout(object, generations, nowMs, NODES),
  },
];

const Selector = z.looseObject({
  spec: z.looseObject({ selector: z.record(z.string(), z.string()).default({}) }).prefault({}),
});

export function startNodes(options: NodesOptions): Nodes {
  const { cluster, startMs = [300, 1000], drainMs = 250, onError = () => undefined } = options;
  const runners = new Map<string, WorkloadRunner>();
  const endings = new Set<Promise<void>>();
  const selectors = new Map<string, Readonly<Record<string, string>>>();
  const context: PodContext = {
    cluster,
    place: loopbackPlacement(process.pid),
    chooseStartMs: () => startMs[0] + Math.random() * (startMs[1] - startMs[0]),
    drainMs,
    onError,
  };

  const onWorkload = (kind: RunKind, name: string, object: KubeObject | undefined): void => {
    const key = `${name} ${kind.resource.kind}`;
    const runner = runners.get(key);
    if (object === undefined) {
      runners.delete(key);
      const ending = runner?.end() ?? Promise.resolve();
      endings.add(ending);
      void ending.then(() => endings.delete(ending));
    } else if (runner === undefined) {
      runners.set(key, new WorkloadRunner(context, newPodName, kind, object));
    } else {
      runner.update(object);
    }
  };
  const onService = (key: string, service: KubeObject | undefined): void => {
    if (service === undefined) {
      selectors.delete(key);
    } else {
      selectors.set(key, Selector.parse(service).spec.selector);
    }
  };
  const onPod = (key: string, pod: KubeObject | undefined): void => {
    // Somebody deleted a pod's object: the pod goes, and its workload replaces it.
    if (pod === undefined) {
      for (const running of [...runners.values()].flatMap((runner) => runner.pods())) {
        if (key.endsWith(`/${running.name}`)) {
          running.terminate();
        }
      }
    }
  };

  const followed = [
    follow(cluster, resources.services, onService),
    ...runKinds.map((kind) =>
      follow(cluster, kind.resource, (key, object) => {
        onWorkload(kind, key, object);
      }),
    ),
    follow(cluster, clusterResources.pods, onPod),
  ];
  return {
    listed: Promise.all(followed.map(({ listed }) => listed)).then(() => undefined),
    hasService: (service) => selectors.has(keyOf(service)),
    endpoints: (service) => {
      const selector = Object.entries(selectors.get(keyOf(service)) ?? {});
      if (selector.length === 0) {
        return [];
      }
      return [...runners]
        .filter(([key]) => key.startsWith(`${service.namespace ?? 'default'}/`))
        .flatMap(([, runner]) => runner.pods())
        .filter(({ labels }) => selector.every(([label, value]) => labels[label] === value))
        .flatMap((pod) => pod.servesAt() ?? []);
    },
    stop: async () => {
      await Promise.all(followed.map(({ stop }) => stop()));
      await Promise.all([...[...runners.values()].map((runner) => runner.end(true)), ...endings]);
    },
  };
}

const letters = 'bcdfghjklmnpqrstvwxz2456789';

function newPodName(prefix: string): string {
  return (
    prefix + Array.from({ length: 5 }, () => letters[Math.floor(Math.random() * letters.length)]).join('')
  );
}
