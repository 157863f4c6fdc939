// What the store is asked for, and the handle of a watch.
import type { WriteOptions } from '../../cluster/cluster.ts';
import type { Propagation, Selection } from './access.ts';

export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: Propagation;
  readonly dryRun?: boolean;
}

export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continueToken?: string;
}

export interface WatchOptions extends Selection {
  /** Empty or `0`: begin with an ADDED for everything there is. */
  readonly resourceVersion: string;
}

export interface Watch {
  /** Tells the listener how far it has come. */
  bookmark(): void;
  stop(): void;
}

export interface UpdateOptions extends WriteOptions {
  readonly patched?: boolean;
}
