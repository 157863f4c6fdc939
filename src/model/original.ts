// What an object of the user's held before Serin took it over: kept on the object itself, written once, put back on
// request.
import { isJsonObject, objectOf, type JsonObject } from './json.ts';
import type { KubeObject } from './kube.ts';
import { isRecorded, withoutOurKeys } from './metadata.ts';

const ORIGINAL_ANNOTATION = 'serin.dev/original';

type TextMap = Readonly<Record<string, string>>;

interface Original {
  readonly spec: JsonObject;
  /** What labels and annotations that we write were before, where there were any. */
  readonly labels: TextMap;
  readonly annotations: TextMap;
}

/**
 * The note to add to an object that nobody controls; undefined for one of ours, and for one that has its note.
 * @param merged the object as it is about to be written
 */
export function backUp(live: KubeObject, ownUid: string, merged: KubeObject): TextMap | undefined {
  const { labels = {}, annotations = {}, ownerReferences = [] } = live.metadata;
  const ours = ownerReferences.some(({ uid }) => uid === ownUid);
  // Recorded without a note: one that we made, and whose owner somebody has taken away.
  if (ours || annotations[ORIGINAL_ANNOTATION] !== undefined || isRecorded(live.metadata)) {
    return undefined;
  }
  const metadata = {
    labels: overwritten(labels, merged.metadata.labels ?? {}),
    annotations: overwritten(annotations, merged.metadata.annotations ?? {}),
  };
  return { [ORIGINAL_ANNOTATION]: JSON.stringify({ metadata, spec: objectOf(live['spec']) }) };
}

function overwritten(before: TextMap, after: TextMap): TextMap {
  return Object.fromEntries(Object.entries(before).filter(([key, value]) => after[key] !== value));
}

/** The object as it was before; undefined where nothing was kept or the note cannot be read. */
export function restored(live: KubeObject): KubeObject | undefined {
  const original = originalOf(live);
  if (original === undefined) {
    return undefined;
  }
  const { labels, annotations, ...rest } = withoutOurKeys(live.metadata);
  const { [ORIGINAL_ANNOTATION]: _note, ...kept } = annotations ?? {};
  return {
    ...live,
    spec: original.spec,
    metadata: {
      ...rest,
      ...ifAny('labels', { ...labels, ...original.labels }),
      ...ifAny('annotations', { ...kept, ...original.annotations }),
    },
  };
}

/** The spec from before; undefined where none was kept. */
export function originalSpec(live: KubeObject): JsonObject | undefined {
  return originalOf(live)?.spec;
}

/** For routes that several Canaries may share: a note for each apex, so that none has to read another's. */
function weightsAnnotation(apex: string): string {
  return `${apex}.serin.dev/original`;
}

/**
 * What the rules that lead to an apex said of its weight before primary and canary took its place: in their order, null where
 * one said nothing. undefined where nothing is noted.
 */
export function notedWeights({ metadata }: KubeObject, apex: string): readonly (number | null)[] | undefined {
  const note = parsed(metadata.annotations?.[weightsAnnotation(apex)]);
  return Array.isArray(note) ? note.map((weight) => (typeof weight === 'number' ? weight : null)) : undefined;
}

/** `live` with that note; undefined takes it away. */
export function withNotedWeights(
  live: KubeObject,
  apex: string,
  weights: readonly (number | null)[] | undefined,
): KubeObject {
  const { annotations = {}, ...rest } = live.metadata;
  const { [weightsAnnotation(apex)]: _before, ...others } = annotations;
  const after =
    weights === undefined ? others : { ...others, [weightsAnnotation(apex)]: JSON.stringify(weights) };
  return { ...live, metadata: { ...rest, ...ifAny('annotations', after) } };
}

function originalOf({ metadata }: KubeObject): Original | undefined {
  const note = parsed(metadata.annotations?.[ORIGINAL_ANNOTATION]);
  if (!isJsonObject(note)) {
    return undefined;
  }
  if (!isJsonObject(note['metadata'])) {
    // As it was written at first: the spec alone.
    return { spec: note, labels: {}, annotations: {} };
  }
  const { labels, annotations } = note['metadata'];
  return { spec: objectOf(note['spec']), labels: textsOf(labels), annotations: textsOf(annotations) };
}

function textsOf(value: unknown): TextMap {
  return Object.fromEntries(Object.entries(objectOf(value)).map(([key, text]) => [key, String(text)]));
}

function ifAny(key: 'labels' | 'annotations', map: TextMap): { labels?: TextMap; annotations?: TextMap } {
  return Object.keys(map).length === 0 ? {} : { [key]: map };
}

function parsed(note: string | undefined): unknown {
  if (note === undefined) {
    return undefined;
  }
  try {
    return JSON.parse(note);
  } catch {
    return undefined;
  }
}
