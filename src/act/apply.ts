// The one way to write an object of ours: create it, or patch exactly the fields we own, guarded by resourceVersion.
import { ApiError, isApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Retry, Stalled } from '../model/errors.ts';
import type { KubeObject, ObjectKey, Resource } from '../model/kube.ts';
import type { OwnedShape } from '../model/owned.ts';
import { mergePatchOf } from './merge-patch.ts';

/** Where the answer of a write goes at once, so that no stale cache can make us write or count twice. */
export interface Landing {
  put(object: KubeObject): void;
}

export interface Application {
  readonly resource: Resource;
  readonly wanted: KubeObject;
  readonly shape: OwnedShape;
  readonly landing: Landing;
  /** Validated and answered, never stored. */
  readonly dryRun?: boolean;
  /** The object is the user's own: where it is gone nothing is created in its place. */
  readonly neverCreated?: boolean;
  /** Keeps what an object of the user's held before it was taken over; called once, for the first write. */
  readonly backUp?: (live: KubeObject, merged: KubeObject) => Readonly<Record<string, string>> | undefined;
}

/** @returns the object as it is stored now. Throws Retry or Stalled, never a bare ApiError. */
export async function apply(cluster: Cluster, application: Application): Promise<KubeObject> {
  const { resource, wanted, landing, dryRun = false } = application;
  const key = keyFor(wanted);
  const options = dryRun ? { dryRun } : {};
  return translated(`${dryRun ? 'try' : 'write'} ${resource.kind} ${key.name}`, async () => {
    const live = await cluster.get(resource, key);
    if (live === undefined) {
      if (application.neverCreated === true) {
        throw new Retry(`${resource.kind} ${key.name} is gone`);
      }
      return landed(landing, await cluster.create(resource, wanted, options), dryRun);
    }
    const body = mergePatchOf(live, mergedWith(live, application));
    if (body === undefined) {
      landing.put(live);
      return live;
    }
    const guarded = guard(body, live);
    return landed(
      landing,
      await cluster.patch(resource, key, { kind: 'merge', body: guarded }, options),
      dryRun,
    );
  });
}

function keyFor({ metadata }: KubeObject): ObjectKey {
  const { name, namespace } = metadata;
  return namespace === undefined ? { name } : { name, namespace };
}

function mergedWith(live: KubeObject, { shape, wanted, backUp }: Application): KubeObject {
  const merged = shape.merge(live, wanted);
  const note = backUp?.(live, merged);
  if (note === undefined) {
    return merged;
  }
  const { metadata } = merged;
  return { ...merged, metadata: { ...metadata, annotations: { ...metadata.annotations, ...note } } };
}

/** The patch with the version that it was computed from: the server answers 409 if the object has moved on. */
export function guard(body: Readonly<Record<string, unknown>>, live: KubeObject): Record<string, unknown> {
  const metadata = typeof body['metadata'] === 'object' ? body['metadata'] : {};
  return { ...body, metadata: { ...metadata, resourceVersion: live.metadata.resourceVersion } };
}

function landed(landing: Landing, object: KubeObject, dryRun: boolean): KubeObject {
  if (!dryRun) {
    landing.put(object);
  }
  return object;
}

const REFUSALS = new Set([400, 403, 405, 413, 415, 422]);

/** Says what was being tried, and whether trying again can help. A definition that lacks a field answers 500. */
export async function translated<T>(what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof Retry || error instanceof Stalled) {
      throw error;
    }
    const text = `cannot ${what}: ${error instanceof Error ? error.message : String(error)}`;
    // The object was deleted and made again: that one has not been decided about.
    const another = isApiError(error, 422) && /metadata\.uid/.test(text);
    const unknownField = isApiError(error, 500) && /not declared in schema/.test(text);
    if (error instanceof ApiError && ((REFUSALS.has(error.status) && !another) || unknownField)) {
      throw new Stalled('RefusedByServer', text, { cause: error });
    }
    throw new Retry(text, { cause: error });
  }
}
