// What is compared when workloads are compared: digests of pod templates and of the fields that Serin writes.
import { digest } from '../model/hash.ts';
import { objectOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import type { OwnedShape } from '../model/owned.ts';
import { revisionOf } from '../model/revision.ts';
import type { Revision } from '../model/revision.ts';
import { WRITTEN_ANNOTATION, ownedMetadata, pick, withoutToolkit } from './metadata.ts';
import { mapSpreadSelectors, mapTemplateMetadata, mapTexts, renameConfigRefs } from './pod-template.ts';
import type { PodTemplate } from './pod-template.ts';

const RESTARTED_ANNOTATION = 'kubectl.kubernetes.io/restartedAt';
/** Flagger's mark on the pods of its primaries. */
const FLAGGER_ID = 'flagger-id';

export function templateHashOf(template: PodTemplate): string {
  return digest(template);
}

/** The revision of a target: its template together with the checksums of the configuration it uses, by `configmap/<name>`. */
export function revisionFrom(templateHash: string, checksums?: Readonly<Record<string, string>>): Revision {
  return revisionOf(templateHash, checksums);
}

/** The digest of a template without any trace of its being a primary's; see WorkloadView.sourceHash. */
export function sourceHashOf(template: PodTemplate): string {
  return digest(sourceTemplateOf(template));
}

/** The template with everything undone that making a primary does. */
export function sourceTemplateOf(template: PodTemplate): PodTemplate {
  const renamed = renameConfigRefs(template, ({ name }) => sourceNameOf(name));
  const spread = mapSpreadSelectors(renamed, (_key, value) => withoutSuffix(value));
  return mapTemplateMetadata(spread, {
    labels: (labels) => mapTexts(withoutToolkit(labels), (_key, value) => withoutSuffix(value)),
    annotations: (annotations) =>
      pick(
        withoutToolkit(annotations),
        (key) => key !== FLAGGER_ID && key !== RESTARTED_ANNOTATION && !key.startsWith('serin.dev/'),
      ),
  });
}

/** The name of a ConfigMap or Secret whose copy has this name; the name itself where it is no copy. */
export function sourceNameOf(name: string): string {
  return name.replace(/(?<=.)(-primary(-[0-9a-f]{8})?)+$/, '');
}

function withoutSuffix(value: string): string {
  return value.replace(/(?<=.)(-primary)+$/, '');
}

/**
 * The digest of what Serin decides about a primary with pods. `defaults` are its spec fields beside the template with the
 * API server's defaults, so that a spec with and one without them agree. Left out are replicas, which an autoscaler may own,
 * and the mark of `kubectl rollout restart`, which is a fair thing to do to a primary and must not be undone.
 */
export function primaryFingerprint(object: KubeObject, defaults: JsonObject): string {
  const spec = objectOf(object['spec']);
  const template = objectOf(spec['template']);
  const fields = Object.entries(defaults).map(([key, value]): [string, unknown] => [key, spec[key] ?? value]);
  return digest({
    ...Object.fromEntries(fields),
    template: mapTemplateMetadata(template, {
      labels: (labels) => labels,
      annotations: (annotations) => pick(annotations, (key) => key !== RESTARTED_ANNOTATION),
    }),
    metadata: ownedMetadata(object.metadata),
  });
}

/**
 * The fingerprint as it is noted on the object. The prefix names the function: a note by another one says nothing, so
 * that a new version of Serin never takes its predecessor's work for somebody's edit.
 */
export function writtenNote(fingerprint: string): string {
  return `${NOTE_VERSION}${fingerprint}`;
}

const NOTE_VERSION = 'f1:';

/** True if a primary no longer is what its note says was written. `shape` is its kind's. */
export function hasDrifted(object: KubeObject, shape: OwnedShape): boolean {
  const note = object.metadata.annotations?.[WRITTEN_ANNOTATION];
  return note?.startsWith(NOTE_VERSION) === true && note !== writtenNote(shape.fingerprint(object));
}
