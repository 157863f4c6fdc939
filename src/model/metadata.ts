// Labels and annotations of the Services and routes that Serin writes: which keys are ours, how they are laid over what
// lives, and which of them must agree. Every object of ours says in one annotation which keys we wrote, so that a key that
// a user takes out of the Canary is removed, and a key that somebody else added never is.
import { isControlledBy, type KubeObject, type ObjectMeta, type OwnerReference } from './kube.ts';

/** Tells Flux to leave the object alone. */
export const gitopsOptOut: Readonly<Record<string, string>> = {
  'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
  'helm.toolkit.fluxcd.io/driftDetection': 'disabled',
};

/** `labels=a,b;annotations=c;fields=d;unmanaged=e`: what of this object we wrote besides the fields it always has. */
const RECORD_ANNOTATION = 'serin.dev/managed-metadata';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const NOTHING = 'none';

type TextMap = Readonly<Record<string, string>>;

export interface OwnMetadata {
  readonly name: string;
  readonly namespace: string;
  /** undefined: the object is somebody else's, and nothing but the opt-out is ours. */
  readonly owner: OwnerReference | undefined;
  readonly labels?: TextMap | undefined;
  readonly annotations?: TextMap | undefined;
  /** Keys, of labels or annotations, that are left as they are even if we wrote them before. */
  readonly unmanaged?: readonly string[];
  /** Names of optional spec fields that this object has because the Canary says so. */
  readonly fields?: readonly string[];
}

interface MetadataRecord {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly fields: readonly string[];
  readonly unmanaged: readonly string[];
}

const emptyRecord: MetadataRecord = { labels: [], annotations: [], fields: [], unmanaged: [] };

/** Metadata of an object as we would create it. */
export function ownMetadata(own: OwnMetadata): ObjectMeta {
  const { name, namespace, owner } = own;
  if (owner === undefined) {
    return { name, namespace, annotations: { ...gitopsOptOut } };
  }
  const unmanaged = own.unmanaged ?? [];
  const labels = without(own.labels ?? {}, unmanaged);
  const annotations = without(own.annotations ?? {}, [
    ...unmanaged,
    ...Object.keys(gitopsOptOut),
    RECORD_ANNOTATION,
  ]);
  const record = formatRecord({
    labels: Object.keys(labels),
    annotations: Object.keys(annotations),
    fields: own.fields ?? [],
    unmanaged,
  });
  return {
    name,
    namespace,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    annotations: { ...annotations, ...gitopsOptOut, [RECORD_ANNOTATION]: record },
    ownerReferences: [owner],
  };
}

/** `wanted` for an object that is not ours: only the opt-out. */
export function adoptedMetadata(wanted: ObjectMeta): ObjectMeta {
  return { name: wanted.name, ...ifNamespaced(wanted), annotations: { ...gitopsOptOut } };
}

/** `live` with our keys as in `wanted`, without keys that we wrote once and want no more. Owners are left alone. */
export function mergeMetadata(live: ObjectMeta, wanted: ObjectMeta): ObjectMeta {
  const before = recordOf(live) ?? emptyRecord;
  const now = recordOf(wanted) ?? emptyRecord;
  const gone = (keys: readonly string[]): readonly string[] =>
    keys.filter((key) => !now.unmanaged.includes(key));
  const { labels: liveLabels, annotations: liveAnnotations, ...rest } = live;
  const labels = { ...without(liveLabels ?? {}, gone(before.labels)), ...wanted.labels };
  const annotations = {
    ...without(liveAnnotations ?? {}, [...gone(before.annotations), RECORD_ANNOTATION]),
    ...wanted.annotations,
  };
  return {
    ...rest,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

/** True of an object that we have written before. */
export function isRecorded(metadata: ObjectMeta): boolean {
  return recordOf(metadata) !== undefined;
}

/** What is left of an object's metadata when we leave it: without the keys that we wrote. */
export function withoutOurKeys(live: ObjectMeta): ObjectMeta {
  const record = recordOf(live) ?? emptyRecord;
  const ours = [...record.annotations, ...Object.keys(gitopsOptOut), RECORD_ANNOTATION];
  const { labels, annotations, ...rest } = live;
  return {
    ...rest,
    ...(labels === undefined ? {} : { labels: without(labels, record.labels) }),
    ...(annotations === undefined ? {} : { annotations: without(annotations, ours) }),
  };
}

/**
 * What a fingerprint counts of the metadata. Without a record (written by Flagger, which had its labels and annotations to
 * itself) every key of an object that a Canary controls counts, so that a take-over that changes nothing writes nothing. A
 * label that repeats the object's name counts only when it is gone or different: Flagger leaks such a label onto routes.
 * @param isIgnored annotations that carry what changes with every step
 */
export function countedMetadata(
  { metadata }: KubeObject,
  isIgnored: (annotation: string) => boolean = () => false,
): unknown {
  const record = recordOf(metadata) ?? (isCanarys(metadata) ? everyKey(metadata) : emptyRecord);
  const { labels = {}, annotations = {} } = metadata;
  return {
    labels: pairs(record.labels, labels).filter(([, value]) => value !== metadata.name),
    annotations: pairs(
      [...record.annotations, ...Object.keys(gitopsOptOut)].filter((key) => !isIgnored(key)),
      annotations,
    ),
  };
}

function pairs(keys: readonly string[], map: TextMap): [string, string | null][] {
  return keys.toSorted(bytewise).map((key) => [key, map[key] ?? null]);
}

/** True if a fingerprint counts the optional spec field: it is recorded, or the object is one that Flagger made. */
export function isCountedField({ metadata }: KubeObject, field: string): boolean {
  return recordOf(metadata)?.fields.includes(field) ?? isCanarys(metadata);
}

/** True if we wrote the optional spec field, so that we may take it away again. */
export function isRecordedField({ metadata }: KubeObject, field: string): boolean {
  return recordOf(metadata)?.fields.includes(field) ?? false;
}

/** True if the object is controlled by the same owner that `wanted` would have. */
export function isOurs(live: ObjectMeta, wanted: ObjectMeta): boolean {
  const uid = wanted.ownerReferences?.[0]?.uid;
  return uid !== undefined && isControlledBy(live, uid);
}

function isCanarys(metadata: ObjectMeta): boolean {
  return (metadata.ownerReferences ?? []).some(
    ({ controller, kind, apiVersion }) =>
      controller === true && kind === 'Canary' && apiVersion.startsWith('flagger.app/'),
  );
}

function everyKey(metadata: ObjectMeta): MetadataRecord {
  const annotations = without(metadata.annotations ?? {}, [LAST_APPLIED, ...Object.keys(gitopsOptOut)]);
  return {
    ...emptyRecord,
    labels: Object.keys(metadata.labels ?? {}),
    annotations: Object.keys(annotations),
  };
}

function recordOf(metadata: ObjectMeta): MetadataRecord | undefined {
  const text = metadata.annotations?.[RECORD_ANNOTATION];
  if (text === undefined) {
    return undefined;
  }
  const parts = text.split(';').map((part) => part.split('='));
  const keysOf = (section: string): readonly string[] =>
    (parts.find(([name]) => name === section)?.[1] ?? '').split(',').filter((key) => key !== '');
  return {
    labels: keysOf('labels'),
    annotations: keysOf('annotations'),
    fields: keysOf('fields'),
    unmanaged: keysOf('unmanaged'),
  };
}

function formatRecord(record: MetadataRecord): string {
  const sections: readonly [string, readonly string[]][] = Object.entries(record);
  const parts = sections
    .filter(([, keys]) => keys.length > 0)
    .map(([section, keys]) => `${section}=${[...new Set(keys)].toSorted(bytewise).join(',')}`);
  return parts.length === 0 ? NOTHING : parts.join(';');
}

function without(map: TextMap, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

function ifNamespaced({ namespace }: ObjectMeta): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

function bytewise(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}
