// Labels and annotations that go from a user's object to the copy Serin keeps of it, and how they are laid over what
// others have put on that copy.
import { listOf } from '../model/json.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../model/kube.ts';
import { isOwnRevision } from '../model/revision.ts';
import type { Revision } from '../model/revision.ts';

type TextMap = Readonly<Record<string, string>>;

/** On a primary and its pods: the stored revision that they are made from. */
export const REVISION_ANNOTATION = 'serin.dev/revision';
/** On an object we write: the fingerprint of what was written, so that a later edit shows. */
export const WRITTEN_ANNOTATION = 'serin.dev/written';
/** On an object we write: which labels and annotations are ours, so that we can take them away again. */
const COPIED_ANNOTATION = 'serin.dev/copied';

const OWN_PREFIX = 'serin.dev/';

/**
 * Annotations by which other tools claim or remember one certain object. On a copy they would make a GitOps controller
 * prune it, or kubectl compute a wrong patch.
 */
const foreignAnnotations = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/',
  'argocd.argoproj.io/',
  'meta.helm.sh/',
  'helm.sh/',
  'config.kubernetes.io/',
  'config.k8s.io/',
  'kapp.k14s.io/',
  'objectset.rio.cattle.io/',
];

/** Keys of Flux are never copied: they say who reconciles this very object. */
export function withoutToolkit<Value>(map: Readonly<Record<string, Value>>): Record<string, Value> {
  return pick(map, (key) => !key.includes('toolkit.fluxcd.io'));
}

/** What of a target's annotations goes to its copy: all but those that claim the object. */
export function copiedAnnotations(annotations: TextMap): Record<string, string> {
  return pick(
    withoutToolkit(annotations),
    (key) => !key.startsWith(OWN_PREFIX) && !foreignAnnotations.some((prefix) => key.startsWith(prefix)),
  );
}

/** What of a target's labels goes to its copy: those that begin with one of the prefixes; `*` means all. */
export function copiedLabels(labels: TextMap, prefixes: readonly string[]): Record<string, string> {
  return pick(withoutToolkit(labels), (key) =>
    prefixes.some((prefix) => prefix === '*' || (prefix !== '' && key.startsWith(prefix))),
  );
}

export function pick<Value>(
  map: Readonly<Record<string, Value>>,
  keep: (key: string) => boolean,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => keep(key)));
}

/** `meta` with a note of the labels and annotations it carries. */
export function recordCopied(meta: ObjectMeta): ObjectMeta {
  const note = JSON.stringify([keysOf(meta.labels), keysOf(meta.annotations)]);
  return { ...meta, annotations: { ...meta.annotations, [COPIED_ANNOTATION]: note } };
}

/** True for an object that carries such a note: Serin has written it. */
export function isNoted(meta: ObjectMeta): boolean {
  return meta.annotations?.[COPIED_ANNOTATION] !== undefined;
}

/** The labels and annotations of an object that are ours by its own note. */
export function ownedMetadata(meta: ObjectMeta): { readonly labels: TextMap; readonly annotations: TextMap } {
  const [labels, annotations] = copiedKeys(meta);
  return {
    labels: pick(meta.labels ?? {}, (key) => labels.has(key)),
    annotations: pick(meta.annotations ?? {}, (key) => annotations.has(key)),
  };
}

/** `live` with our labels, annotations and ownership as `wanted` has them; keys that others have added survive. */
export function mergeMetadata(live: ObjectMeta, wanted: ObjectMeta): ObjectMeta {
  const [labels, annotations] = copiedKeys(live);
  return {
    ...live,
    labels: { ...pick(live.labels ?? {}, (key) => !labels.has(key)), ...wanted.labels },
    annotations: { ...pick(live.annotations ?? {}, (key) => !annotations.has(key)), ...wanted.annotations },
    ownerReferences: mergeOwners(live.ownerReferences ?? [], wanted.ownerReferences ?? []),
  };
}

/** The stored revision that a primary holds by its annotation; undefined where Serin has not written it. */
export function revisionAnnotation(meta: ObjectMeta): Revision | undefined {
  const revision = meta.annotations?.[REVISION_ANNOTATION];
  return isOwnRevision(revision) ? revision : undefined;
}

export function ownerUidsOf(object: KubeObject): readonly string[] {
  return (object.metadata.ownerReferences ?? []).map((owner) => owner.uid);
}

/**
 * A reference to an earlier object of the same name is replaced by ours: that Canary was deleted and made again. An
 * object can have one controller only, so where somebody else controls it, it keeps its owners.
 */
function mergeOwners(live: readonly OwnerReference[], wanted: readonly OwnerReference[]): OwnerReference[] {
  const others = live.filter((owner) => !wanted.some((ours) => sameOwner(ours, owner)));
  return others.some((owner) => owner.controller === true) ? [...live] : [...others, ...wanted];
}

function sameOwner(a: OwnerReference, b: OwnerReference): boolean {
  return a.uid === b.uid || (a.apiVersion === b.apiVersion && a.kind === b.kind && a.name === b.name);
}

function copiedKeys(meta: ObjectMeta): readonly [ReadonlySet<string>, ReadonlySet<string>] {
  const note = parseNote(meta.annotations?.[COPIED_ANNOTATION]);
  return [new Set(note[0]), new Set(note[1])];
}

/** A damaged note claims nothing. */
function parseNote(text: string | undefined): readonly [readonly string[], readonly string[]] {
  let note: unknown;
  try {
    note = JSON.parse(text ?? '[]');
  } catch {
    note = [];
  }
  const [labels, annotations] = listOf(note);
  return [texts(labels), texts(annotations)];
}

function texts(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

function keysOf(map: TextMap | undefined): string[] {
  return Object.keys(map ?? {}).toSorted();
}
