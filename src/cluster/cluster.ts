// The port to a Kubernetes API server: what Serin asks of it, in one interface. The HTTP client in this folder
// implements it; so does the simulated cluster. Nothing here may import more than model/.
import type { KubeObject, ObjectKey, Resource } from '../model/kube.ts';

/**
 * A merge patch (RFC 7386) or a JSON patch (RFC 6902). To guard a merge patch, put `metadata.resourceVersion` into it:
 * the server answers 409 if the object has moved on.
 */
export type Patch =
  | { readonly kind: 'merge'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'json'; readonly operations: readonly JsonPatchOperation[] };

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export interface WriteOptions {
  /** `dryRun=All`: validated and answered, never stored. */
  readonly dryRun?: boolean;
  readonly subresource?: 'status';
}

export interface DeleteOptions {
  /** Preconditions; the server answers 409 where they do not hold. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continueToken?: string;
  /** Ask for PartialObjectMetadata only. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly continueToken?: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly metadataOnly?: boolean;
  /** The server ends the watch after this time; the caller starts the next one. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** BOOKMARK events carry only metadata.resourceVersion. A 410 arrives as an ApiError with status 410, in all its forms. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

/** Every method rejects with ApiError for what the server refused, and with another Error where no answer came. */
export interface Cluster {
  /** undefined where the server answers 404 for the object or for its kind. */
  get(resource: Resource, key: ObjectKey): Promise<KubeObject | undefined>;
  list(resource: Resource, options?: ListOptions): Promise<ListPage>;
  watch(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent>;
  create(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** Replaces the whole object, guarded by the resourceVersion that it carries. */
  replace(resource: Resource, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  patch(resource: Resource, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<KubeObject>;
  /** Deleting what is gone already is a success. */
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void>;
}

/** What an API server answered instead of doing what it was asked. `reason` is the Status object's (NotFound, Conflict, Invalid, …). */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** How long the server asked us to wait, where it did. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isApiError(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}
