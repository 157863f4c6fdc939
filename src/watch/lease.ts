// Who leads: a Lease, held by one process, renewed while it lives and released when it stops. The protocol is client-go's
// (tools/leaderelection), so that Serin and Flagger keep off each other: a foreign lease counts from when we saw it change,
// never by its own clock. Knows nothing of what a leader does; imports the port, the clock and zod.
import { z } from 'zod';
import { ApiError, type Cluster } from '../cluster/cluster.ts';
import { resources, type KubeObject, type ObjectKey } from '../model/kube.ts';
import { pause, type Clock } from './clock.ts';

interface LeaseTimes {
  /** Others wait this long after the last renewal that they saw. */
  readonly durationMs: number;
  /** A leader that could not renew for this long gives up. Shorter than the duration. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export interface ElectionOptions {
  readonly cluster: Cluster;
  readonly lease: ObjectKey;
  /** Different for each process. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly times?: LeaseTimes;
  readonly onElected: () => void;
  /** Leadership is gone, and this election over: the process must end. */
  readonly onLost: (why: string) => void;
  /** Somebody else holds the lease; told once for each. */
  readonly onWaiting?: (holder: string) => void;
  /** A try failed; the next one follows. */
  readonly onTrouble?: (error: unknown) => void;
}

export interface Election {
  readonly isLeader: boolean;
  /** Who held the lease when it was last read; undefined: nobody. */
  readonly holder: string | undefined;
  start(): void;
  /** Lets go of the lease, if it is ours. */
  stop(): Promise<void>;
}

const TIMES: LeaseTimes = { durationMs: 60_000, renewDeadlineMs: 15_000, retryMs: 5000 };

const Spec = z.looseObject({
  holderIdentity: z.string().nullish(),
  leaseDurationSeconds: z.number().nullish(),
  acquireTime: z.string().nullish(),
  renewTime: z.string().nullish(),
  leaseTransitions: z.number().nullish(),
});

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function specOf(lease: KubeObject): z.infer<typeof Spec> {
  const parsed = Spec.safeParse(lease['spec'] ?? {});
  return parsed.success ? parsed.data : {};
}

export function createElection(options: ElectionOptions): Election {
  return new LeaseElection(options);
}

class LeaseElection implements Election {
  readonly #options: ElectionOptions;
  readonly #times: LeaseTimes;
  readonly #stopping = new AbortController();
  /** The lease as last read or written. */
  #lease: KubeObject | undefined;
  /** Which version that was, and when it was first seen. */
  #seenVersion = '';
  #seenMs = 0;
  #isLeader = false;
  #told = '';
  #cancelDeadline: (() => void) | undefined;
  #run: Promise<void> | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? TIMES;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get holder(): string | undefined {
    const holder = this.#lease === undefined ? undefined : specOf(this.#lease).holderIdentity;
    return holder === '' ? undefined : (holder ?? undefined);
  }

  start(): void {
    this.#run ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const wasLeader = this.#isLeader;
    this.#resign();
    await this.#run;
    if (wasLeader && this.#lease !== undefined) {
      await this.#release(this.#lease);
    }
  }

  async #loop(): Promise<void> {
    const { clock, random, onTrouble } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startMs = clock.nowMs();
      try {
        if (await this.#acquireOrRenew(startMs)) {
          this.#hold(startMs);
        } else if (this.#isLeader) {
          this.#lose(`${this.holder ?? 'nobody'} holds the lease`);
        }
      } catch (error) {
        // What the server refused may be wrong because of what we know: read afresh before the next try.
        this.#lease = error instanceof ApiError ? undefined : this.#lease;
        onTrouble?.(error);
      }
      // Followers spread out; a leader keeps its beat.
      const spread = this.#isLeader ? 1 : 1 + 0.2 * random();
      await pause(clock, this.#times.retryMs * spread, signal);
    }
  }

  /** @returns true where the lease is ours now. */
  async #acquireOrRenew(nowMs: number): Promise<boolean> {
    const { cluster, lease: key, identity } = this.#options;
    // A leader knows the lease: one request a renewal, guarded by its version.
    const known = this.#isLeader ? this.#lease : undefined;
    const found = known ?? (await cluster.get(resources.leases, key));
    if (found === undefined) {
      const { name, namespace } = key;
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
      const fresh = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
      this.#lease = await cluster.create(resources.leases, this.#taken(fresh, nowMs));
      return true;
    }
    this.#see(found, nowMs);
    const { holderIdentity, leaseDurationSeconds } = specOf(found);
    const durationMs =
      typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : this.#times.durationMs;
    const isFree = holderIdentity === undefined || holderIdentity === null || holderIdentity === '';
    if (!isFree && holderIdentity !== identity && nowMs < this.#seenMs + durationMs) {
      this.#waitFor(holderIdentity);
      return false;
    }
    if (this.#stopping.signal.aborted) {
      return false;
    }
    this.#lease = await cluster.replace(resources.leases, this.#taken(found, nowMs));
    return true;
  }

  #waitFor(holder: string): void {
    if (holder !== this.#told) {
      this.#told = holder;
      this.#options.onWaiting?.(holder);
    }
  }

  #see(found: KubeObject, nowMs: number): void {
    const before = this.#seenVersion;
    this.#seenVersion = `${found.metadata.uid ?? ''}/${found.metadata.resourceVersion ?? ''}`;
    this.#lease = found;
    if (before !== this.#seenVersion) {
      this.#seenMs = nowMs;
    }
  }

  #taken(lease: KubeObject, nowMs: number): KubeObject {
    const { identity } = this.#options;
    const spec = specOf(lease);
    const isOurs = spec.holderIdentity === identity;
    const transitions = spec.leaseTransitions ?? 0;
    return {
      ...lease,
      spec: {
        ...spec,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#times.durationMs / 1000),
        acquireTime: isOurs ? (spec.acquireTime ?? microTime(nowMs)) : microTime(nowMs),
        renewTime: microTime(nowMs),
        leaseTransitions: isOurs || spec.holderIdentity === undefined ? transitions : transitions + 1,
      },
    };
  }

  #hold(sinceMs: number): void {
    const { clock, onElected } = this.#options;
    if (this.#stopping.signal.aborted) {
      return;
    }
    const wasLeader = this.#isLeader;
    this.#isLeader = true;
    this.#cancelDeadline?.();
    // A timer of its own: a renewal that hangs must not keep us leader.
    const leftMs = sinceMs + this.#times.renewDeadlineMs - clock.nowMs();
    this.#cancelDeadline = clock.after(Math.max(0, leftMs), () => {
      this.#lose(`not renewed for ${String(this.#times.renewDeadlineMs)} ms`);
    });
    if (!wasLeader) {
      onElected();
    }
  }

  #resign(): void {
    this.#isLeader = false;
    this.#cancelDeadline?.();
  }

  #lose(why: string): void {
    this.#resign();
    this.#stopping.abort();
    this.#options.onLost(why);
  }

  /** The next leader need not wait. A failure only means that it must. */
  async #release(lease: KubeObject): Promise<void> {
    const { cluster, clock, identity, onTrouble } = this.#options;
    const spec = specOf(lease);
    if (spec.holderIdentity !== identity) {
      return;
    }
    try {
      const renewTime = microTime(clock.nowMs());
      this.#lease = await cluster.replace(resources.leases, {
        ...lease,
        spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime },
      });
    } catch (error) {
      onTrouble?.(error);
    }
  }
}
