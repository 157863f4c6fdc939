// Runs the pods bound to the pretend nodes: each one an HTTP server on its own address, its status kept as a kubelet does.
// Not here: which node a pod gets (the real scheduler decides), traffic to Services (proxy.ts).
// May import the files of this folder, kube.ts and follow.ts.
import type { KubeObject } from '../../../src/model/kube.ts';
import { follow, type Following, keyOf } from '../follow.ts';
import { type Kube, strategicPatchType } from '../kube.ts';
import { type App, startApp } from './app.ts';
import { type Fault, healthy, parseFault, tagOf } from './fault.ts';
import {
  type Activity,
  neededConfigs,
  type PodSpec,
  portsOf,
  probesOf,
  readPod,
  statusPatch,
} from './pod.ts';
import { allReady } from './probe.ts';
import type { Certificate } from './wires.ts';

/** A pod that runs, for the admin port and for Prometheus. */
export interface RunningPod {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly address: string;
  /** Those that speak HTTP. */
  readonly ports: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly requests: Readonly<Record<string, number>>;
}

export interface KubeletOptions {
  readonly kube: Kube;
  readonly nodeNames: readonly string[];
  /** Shown by the pods' ports that speak TLS. */
  readonly certificate: Certificate;
  /** Overrides the pod's own fault where it answers one. */
  readonly faultFor: (pod: { namespace: string; name: string; version: string }) => Fault | undefined;
}

export interface Kubelet {
  readonly pods: () => RunningPod[];
  readonly following: Following;
}

const tickMs = 250;
/** A pod told to end serves on for this long, or for its own grace period where that is shorter. */
const lingerMs = 5000;
/** Shorter than a real kubelet's 10 s, doubling likewise. */
const crashBackOffMs = 1000;

interface Worker {
  readonly uid: string;
  readonly spec: PodSpec;
  object: KubeObject;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly address: string;
  readonly startTime: string;
  readonly ownFault: Fault;
  readonly conditions: Map<string, { value: boolean; at: string }>;
  activity: Activity;
  restarts: number;
  app: App | undefined;
  ending: boolean;
  written: string;
}

export function startKubelet({ kube, nodeNames, certificate, faultFor }: KubeletOptions): Kubelet {
  const workers = new Map<string, Worker>();
  let addresses = 0;

  /** 198.18.0.x is for nodes and the API server; no address is used twice. */
  const nextAddress = () => {
    const host = (addresses % 254) + 1;
    const subnet = Math.floor(addresses / 254) + 1;
    addresses += 1;
    return `198.18.${subnet}.${host}`;
  };

  const following = follow(kube, 'v1/Pod', {
    onObject(object) {
      const worker = workers.get(keyOf(object));
      if (worker !== undefined && worker.uid === object.metadata.uid) {
        worker.object = object;
        if (object.metadata.deletionTimestamp !== undefined) void end(worker);
        return;
      }
      const pod = readPod(object);
      const finished = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
      const ours = nodeNames.includes(pod.spec.nodeName ?? '');
      if (!ours) return;
      if (object.metadata.deletionTimestamp !== undefined) void remove(object);
      else if (!finished) begin(object, pod.spec);
    },
    onGone(key) {
      const worker = workers.get(key);
      if (worker === undefined) return;
      workers.delete(key);
      worker.ending = true;
      void worker.app?.close();
    },
  });

  function begin(object: KubeObject, spec: PodSpec) {
    const { name, namespace = '', uid = '' } = object.metadata;
    const [main] = spec.containers;
    const version = tagOf(main?.image ?? '');
    const named = main?.env.find((variable) => variable.name === 'SERIN_FAULT')?.value;
    const worker: Worker = {
      uid,
      spec,
      object,
      name,
      namespace,
      version,
      address: nextAddress(),
      startTime: new Date().toISOString(),
      ownFault: parseFault(named ?? '') ?? parseFault(version) ?? healthy,
      conditions: new Map(),
      activity: { kind: 'waiting', reason: 'ContainerCreating' },
      restarts: 0,
      app: undefined,
      ending: false,
      written: '',
    };
    workers.set(keyOf(object), worker);
    void live(worker);
  }

  const faultOf = (worker: Worker) => faultFor(worker) ?? worker.ownFault;

  /** From creation until it is told to end. */
  async function live(worker: Worker) {
    await report(worker);
    while (!worker.ending && worker.activity.kind !== 'done') {
      try {
        const obstacle = await obstacleOf(worker);
        if (obstacle === undefined) await runOnce(worker);
        else worker.activity = { kind: 'waiting', ...obstacle };
        if (!worker.ending) await report(worker);
      } catch (error) {
        console.error(`${keyOf(worker.object)}:`, error);
      }
      await pause(tickMs);
    }
  }

  async function obstacleOf({
    spec,
    namespace,
    ...worker
  }: Worker): Promise<{ reason: string; message: string } | undefined> {
    if ((faultFor({ namespace, ...worker }) ?? worker.ownFault).noPull) {
      return { reason: 'ImagePullBackOff', message: `Back-off pulling image "${spec.containers[0]?.image}"` };
    }
    for (const { kind, name, as } of neededConfigs(spec)) {
      if ((await kube.get(kind, namespace, name)) !== undefined) continue;
      const reason = as === 'volume' ? 'ContainerCreating' : 'CreateContainerConfigError';
      return { reason, message: `${kind.slice(3).toLowerCase()} "${name}" not found` };
    }
    return undefined;
  }

  /** One life of the containers: until the pod ends, or a crash. */
  async function runOnce(worker: Worker) {
    const { spec, address, namespace, name, version } = worker;
    if (spec.restartPolicy !== 'Always') {
      worker.activity = { kind: 'done' };
      return;
    }
    const ports = portsOf(spec);
    worker.app = await startApp({
      address,
      ports,
      certificate,
      namespace,
      pod: name,
      version,
      fault: () => faultOf(worker),
    });
    const startedAt = new Date().toISOString();
    const { urls, delayMs } = probesOf(spec, address);
    worker.activity = { kind: 'running', startedAt, ready: urls.length === 0 && !faultOf(worker).unready };
    await report(worker);
    await pause(delayMs);
    while (!worker.ending && !faultOf(worker).crash) {
      const ready = urls.length === 0 ? !faultOf(worker).unready : await allReady(urls);
      worker.activity = { kind: 'running', startedAt, ready };
      if (!worker.ending) await report(worker);
      await pause(tickMs);
    }
    if (worker.ending) return;
    await worker.app.close();
    worker.app = undefined;
    worker.restarts += 1;
    worker.activity = {
      kind: 'waiting',
      reason: 'CrashLoopBackOff',
      message: 'back-off restarting failed container',
    };
    await report(worker);
    await pause(Math.min(crashBackOffMs * 2 ** (worker.restarts - 1), 30_000));
  }

  /** Endpoints leave the Services while the pod still answers; then it closes and the object goes. */
  async function end(worker: Worker) {
    if (worker.ending) return;
    worker.ending = true;
    const graceMs = Number(worker.object.metadata['deletionGracePeriodSeconds'] ?? 30) * 1000;
    worker.app?.drain();
    if (worker.app !== undefined) await pause(Math.min(graceMs, lingerMs));
    await worker.app?.close();
    await remove(worker.object);
  }

  async function remove({ metadata: { namespace, name, uid } }: KubeObject) {
    const body = { gracePeriodSeconds: 0, preconditions: { uid } };
    await kube.delete({ kind: 'v1/Pod', namespace, name }, body).catch(() => undefined);
  }

  /** Writes the status where it has changed. A pod that is gone by now is no error. */
  async function report(worker: Worker) {
    const { spec, conditions, uid, namespace, name } = worker;
    const state = JSON.stringify([worker.activity, worker.restarts]);
    if (state === worker.written) return;
    worker.written = state;
    const status = statusPatch(spec, worker, conditions, new Date().toISOString());
    const target = { kind: 'v1/Pod', namespace, name };
    const options = { subresource: 'status', contentType: strategicPatchType };
    await kube.patch(target, { metadata: { uid }, status }, options).catch(() => {
      worker.written = '';
    });
  }

  return { following, pods: () => [...workers.values()].map(describe) };
}

function describe(worker: Worker): RunningPod {
  const { namespace, name, version, address, spec, object, activity, ending, app } = worker;
  return {
    namespace,
    name,
    version,
    address,
    ports: portsOf(spec).flatMap(({ number, wire }) => (wire === 'http' ? [number] : [])),
    labels: object.metadata.labels ?? {},
    ready: activity.kind === 'running' && activity.ready,
    terminating: ending,
    requests: app?.requests() ?? {},
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
