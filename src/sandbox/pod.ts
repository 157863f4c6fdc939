// The life of one pretend pod: created, listening, ready, terminating, gone, and the same as a Pod object for people to see.
// How many there shall be is not decided here (rollout.ts). May import the port, model/ and the sandbox's app.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { OwnerReference } from '../model/kube.ts';
import type { Placement } from './addresses.ts';
import { behaviourOf, startApp } from './app.ts';
import type { Listener } from './listener.ts';
import type { RolloutPod } from './rollout-spec.ts';
import { clusterResources } from './store/built-in.ts';

/** Where requests for a ready pod go. */
export interface Endpoint {
  readonly pod: string;
  readonly version: string;
  readonly host: string;
  readonly port: number;
}

/** What all pods of a node have in common. */
export interface PodContext {
  readonly cluster: Cluster;
  readonly place: Placement;
  /** From creation to ready, where the template does not say. */
  readonly chooseStartMs: () => number;
  /** From leaving the endpoints to closing the port, for requests on their way. */
  readonly drainMs: number;
  readonly onError: (error: unknown) => void;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly templateHash: string;
  readonly owner: OwnerReference;
}

/** How long a pod that closes waits for its own answers. */
const answersMs = 5000;

export class RunningPod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  private readonly context: PodContext;
  private readonly onChange: () => void;
  private readonly key: { readonly namespace: string; readonly name: string };
  private readonly createdAtMs = Date.now();
  private readonly ending = new AbortController();
  private readonly life: Promise<void>;
  private readySinceMs: number | undefined;
  private endpoint: Endpoint | undefined;
  private deleting = false;
  private gone = false;
  private killed = false;
  private writes: Promise<unknown> = Promise.resolve();

  /** `onChange` is called whenever `seen` answers something else. */
  constructor(context: PodContext, identity: PodIdentity, template: PodTemplate, onChange: () => void) {
    const { namespace, name, templateHash } = identity;
    this.context = context;
    this.onChange = onChange;
    this.key = { namespace, name };
    this.name = name;
    this.labels = { ...template.metadata.labels, 'pod-template-hash': templateHash };
    this.write(() =>
      context.cluster.create(clusterResources.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, labels: { ...this.labels }, ownerReferences: [identity.owner] },
        spec: template.spec,
      }),
    );
    this.life = this.live(template).catch(context.onError);
  }

  /** What the Deployment's arithmetic sees of it; undefined once it is gone. */
  seen(): RolloutPod | undefined {
    const { name, createdAtMs, readySinceMs, deleting } = this;
    return this.gone ? undefined : { name, createdAtMs, readySinceMs, deleting };
  }

  /** undefined while it must not get requests. */
  servesAt(): Endpoint | undefined {
    return this.deleting ? undefined : this.endpoint;
  }

  /** It gets no more requests from now on, finishes those it has, and goes. */
  terminate(): void {
    this.deleting = true;
    this.ending.abort();
    this.onChange();
  }

  /** Resolves when it is gone, and its object too. `now` is for the end of the sandbox: nothing is drained or written any more. */
  async end(now: boolean): Promise<void> {
    this.killed ||= now;
    this.terminate();
    await this.life;
  }

  private async live(template: PodTemplate): Promise<void> {
    const { signal } = this.ending;
    let listener: Listener | undefined;
    try {
      listener = await this.start(template);
    } catch (error) {
      // Told to end before it had started; anything else is a pod that never becomes ready.
      if (!signal.aborted) {
        this.context.onError(error);
      }
    }
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    }
    if (listener !== undefined) {
      await sleep(this.killed ? 0 : this.context.drainMs);
      await listener.stop(this.killed ? 0 : answersMs);
    }
    this.gone = true;
    this.onChange();
    this.write(() => this.context.cluster.delete(clusterResources.pods, this.key));
    await this.writes;
  }

  private async start(template: PodTemplate): Promise<Listener> {
    const { place, chooseStartMs } = this.context;
    const { signal } = this.ending;
    const behaviour = behaviourOf(template);
    await sleep(behaviour.startMs ?? chooseStartMs(), undefined, { signal });
    const listener = await place(behaviour.port, (address) => startApp(this.name, behaviour, address));
    if (!behaviour.neverReady && !signal.aborted) {
      const { host, port } = listener;
      this.endpoint = { pod: this.name, version: behaviour.version, host, port };
      this.readySinceMs = Date.now();
      this.onChange();
    }
    this.writeStatus(listener.host);
    return listener;
  }

  private writeStatus(podIP: string): void {
    const ready = this.readySinceMs === undefined ? 'False' : 'True';
    const conditions = ['Initialized', 'PodScheduled', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: type.endsWith('Ready') ? ready : 'True',
      lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    }));
    const body = { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } };
    const patch = { kind: 'merge' as const, body };
    this.write(() =>
      this.context.cluster.patch(clusterResources.pods, this.key, patch, { subresource: 'status' }),
    );
  }

  /** The object follows the pod, in order, and never holds it up: it is there for people to see. */
  private write(send: () => Promise<unknown>): void {
    this.writes = this.writes.then(() => (this.killed ? undefined : send())).catch(() => undefined);
  }
}
