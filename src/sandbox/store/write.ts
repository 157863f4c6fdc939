// What a write makes of an object: pure functions from what was sent and what is stored to what will be stored.
import type { KubeObject, ObjectMeta } from '../../model/kube.ts';
import { apiVersionOf } from '../../model/kube.ts';
import { adoptObject, equalJson, objectAt } from './json.ts';
import type { Draft, Kind } from './kind.ts';
import { checkMetadata, checkName, readMetadata } from './metadata.ts';
import { typed } from './typed.ts';
import { badRequest, conflict, invalid, stale } from './refusals.ts';

export interface Origin {
  readonly uid: string;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp: string;
}

/** A copy with typed metadata, sharing whatever equals `previous`. Throws a 400 for what cannot be this kind. */
function read(kind: Kind, sent: KubeObject, previous?: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(kind.resource);
  if (sent.apiVersion !== apiVersion || sent.kind !== kind.resource.kind) {
    const given = `${sent.apiVersion}, Kind=${sent.kind}`;
    throw badRequest(
      `the API version and kind in the data (${given}) do not match the expected ${apiVersion}, Kind=${kind.resource.kind}`,
    );
  }
  const metadata = readMetadata(sent, previous?.metadata);
  const { metadata: _, ...body } = sent;
  const { metadata: __, ...previousBody } = previous ?? { metadata: undefined };
  const adopted = adoptObject(body, previous === undefined ? undefined : previousBody);
  const object = {
    ...(kind.fields === undefined ? adopted : typed(adopted, kind.fields, previous)),
    apiVersion,
    kind: sent.kind,
    metadata,
  };
  const problem = kind.malformed?.(object);
  if (problem !== undefined)
    throw badRequest(`${sent.kind} in version "${kind.resource.version}" cannot be handled: ${problem}`);
  return object;
}

/** Prunes, fills in defaults, validates. Throws a 422. */
function settle(kind: Kind, draft: Draft): KubeObject {
  const admitted = kind.schema?.(draft.object, draft.previous) ?? { object: draft.object, findings: [] };
  const object = kind.complete?.({ ...draft, object: admitted.object }) ?? admitted.object;
  const { metadata } = object;
  const findings = [
    ...checkMetadata(metadata, draft.previous?.metadata),
    ...admitted.findings,
    ...(kind.check?.({ ...draft, object }) ?? []),
  ];
  if (findings.length > 0) throw invalid(kind.resource, metadata.name, findings);
  return object;
}

export function created(
  kind: Kind,
  sent: KubeObject,
  origin: Origin,
  peers: Iterable<KubeObject>,
): KubeObject {
  const object = read(kind, sent);
  const {
    resourceVersion: _version,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    ...given
  } = object.metadata;
  const findings = checkName(given.name, kind.nameRule);
  if (findings.length > 0) throw invalid(kind.resource, given.name, findings);
  // A kind that does not count generations keeps what it is sent.
  const generation = kind.generation === 'none' ? {} : { generation: 1 };
  const fresh: KubeObject = { ...object, metadata: { ...given, ...origin, ...generation } };
  if (kind.statusSubresource) delete fresh['status'];
  return settle(kind, { object: fresh, previous: undefined, peers });
}

interface UpdateOptions {
  readonly subresource?: 'status' | undefined;
  /** The client sent a patch: fields that never change are findings then, not preconditions. */
  readonly patched?: boolean | undefined;
  readonly peers: Iterable<KubeObject>;
}

/** The updated object under the stored resourceVersion, or `previous` itself if nothing changes. */
export function updated(
  kind: Kind,
  sent: KubeObject,
  previous: KubeObject,
  options: UpdateOptions,
): KubeObject {
  const object = read(kind, sent, previous);
  const { metadata: sentMeta } = object;
  guard(kind, sentMeta, previous.metadata, options.patched === true);
  const draft = mergeUpdate(kind, object, previous, options.subresource);
  const settled = settle(kind, { object: draft, previous, peers: options.peers });
  const next = withGeneration(kind, settled, previous);
  return equalJson(next, previous) ? previous : next;
}

/** Conflicts, and fields that never change. A creation time that differs is ignored. */
function guard({ resource }: Kind, sent: ObjectMeta, stored: ObjectMeta, patched: boolean): void {
  const { name } = stored;
  const immutable = (field: string, value: string): Error =>
    invalid(resource, name, [
      { path: `metadata.${field}`, message: `Invalid value: "${value}": field is immutable` },
    ]);
  if (sent.uid !== undefined && sent.uid !== stored.uid) {
    if (patched) throw immutable('uid', sent.uid);
    const why = `Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${stored.uid ?? ''}`;
    throw conflict(resource, name, why);
  }
  if (sent.resourceVersion !== undefined && sent.resourceVersion !== stored.resourceVersion) {
    throw stale(resource, name);
  }
  const { deletionTimestamp } = sent;
  if (deletionTimestamp !== undefined && deletionTimestamp !== stored.deletionTimestamp) {
    throw immutable('deletionTimestamp', deletionTimestamp);
  }
}

function mergeUpdate(
  kind: Kind,
  sent: KubeObject,
  previous: KubeObject,
  subresource: 'status' | undefined,
): KubeObject {
  if (subresource === 'status') return withStatus(previous, sent['status']);
  const { generation: _, deletionGracePeriodSeconds: __, ...sentMeta } = sent.metadata;
  const { managedFields } = previous.metadata;
  const noted = managedFields === undefined ? {} : { managedFields };
  const metadata = { ...noted, ...sentMeta, ...systemFields(previous.metadata) };
  const object: KubeObject = { ...sent, metadata };
  return kind.statusSubresource ? withStatus(object, previous['status']) : object;
}

function withStatus(object: KubeObject, status: unknown): KubeObject {
  if (status !== undefined) return { ...object, status };
  const { status: _, ...rest } = object;
  return rest;
}

/** What a writer can neither set nor remove. */
function systemFields(meta: ObjectMeta): ObjectMeta {
  const fields = [
    'namespace',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ];
  const kept: ObjectMeta = { name: meta.name };
  for (const field of fields) if (meta[field] !== undefined) kept[field] = meta[field];
  return kept;
}

function withGeneration(kind: Kind, next: KubeObject, previous: KubeObject): KubeObject {
  if (kind.generation === 'none' || !isNewGeneration(kind, next, previous)) return next;
  return { ...next, metadata: { ...next.metadata, generation: (previous.metadata.generation ?? 0) + 1 } };
}

function isNewGeneration(kind: Kind, next: KubeObject, previous: KubeObject): boolean {
  const keys = new Set([...Object.keys(next), ...Object.keys(previous)]);
  keys.delete('metadata');
  if (kind.statusSubresource) keys.delete('status');
  for (const key of keys) if (!equalJson(next[key], previous[key])) return true;
  if (kind.generation !== 'spec and annotations') return false;
  return !equalJson(objectAt(next.metadata, 'annotations'), objectAt(previous.metadata, 'annotations'));
}

/** Marked for deletion: finalizers decide when it goes. */
export function markedForDeletion(object: KubeObject, at: string, finalizers: readonly string[]): KubeObject {
  const { generation, finalizers: _, ...metadata } = object.metadata;
  const marked: ObjectMeta = {
    ...metadata,
    ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
    ...(generation === undefined ? {} : { generation }),
  };
  if (metadata.deletionTimestamp !== undefined) return { ...object, metadata: marked };
  const next = generation === undefined ? {} : { generation: generation + 1 };
  return {
    ...object,
    metadata: { ...marked, ...next, deletionTimestamp: at, deletionGracePeriodSeconds: 0 },
  };
}
