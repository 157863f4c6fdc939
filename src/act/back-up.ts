// What an object of the user's held before Serin took it over: kept on the object itself, written once, put back on
// request.
import type { KubeObject } from '../model/kube.ts';

const ORIGINAL_ANNOTATION = 'serin.dev/original';

/** The note to add to an object that nobody controls; undefined for one of ours, and for one that has its note. */
export function backUp(live: KubeObject, ownUid: string): Readonly<Record<string, string>> | undefined {
  const { annotations = {}, ownerReferences = [] } = live.metadata;
  const ours = ownerReferences.some(({ uid }) => uid === ownUid);
  if (ours || annotations[ORIGINAL_ANNOTATION] !== undefined) {
    return undefined;
  }
  return { [ORIGINAL_ANNOTATION]: JSON.stringify(live['spec'] ?? {}) };
}

/** The object as it was before; undefined where nothing was kept or the note cannot be read. */
export function restored(live: KubeObject): KubeObject | undefined {
  const { annotations = {} } = live.metadata;
  const note = annotations[ORIGINAL_ANNOTATION];
  if (note === undefined) {
    return undefined;
  }
  const spec = parsed(note);
  if (spec === undefined) {
    return undefined;
  }
  const { [ORIGINAL_ANNOTATION]: _note, ...kept } = annotations;
  return { ...live, spec, metadata: { ...live.metadata, annotations: kept } };
}

function parsed(note: string): unknown {
  try {
    return JSON.parse(note);
  } catch {
    return undefined;
  }
}
