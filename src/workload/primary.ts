// The primary of a workload with pods: a copy of a stored revision that answers to a label of its own.
import { Retry } from '../model/errors.ts';
import { objectOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';
import { apiVersionOf } from '../model/kube.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import type { OwnedShape } from '../model/owned.ts';
import { rewriteConfigRefs } from './configs.ts';
import type { PrimaryWish } from './kind.ts';
import {
  REVISION_ANNOTATION,
  WRITTEN_ANNOTATION,
  copiedAnnotations,
  copiedLabels,
  mergeMetadata,
  recordCopied,
  withoutToolkit,
} from './metadata.ts';
import { mapSpreadSelectors, mapTemplateMetadata } from './pod-template.ts';
import type { PodTemplate } from './pod-template.ts';
import type { Selector } from './selector.ts';
import type { StoredRevision } from './stored-revision.ts';
import { primaryFingerprint, writtenNote } from './template-hash.ts';

/** `<target>-primary`: the name of the primary workload of a target, and of the primary's autoscaler. */
export function primaryNameOf(name: string): string {
  return `${name}-primary`;
}

/** How the primaries of a kind with pods differ from those of another. */
export interface PrimaryForm {
  readonly resource: Resource;
  /** Its spec fields beside the template, with the API server's defaults. */
  readonly defaults: JsonObject;
  /** It has replicas. */
  readonly sized: boolean;
  /** Selectors by which its pods keep apart from their own kind follow the label. */
  readonly spread: boolean;
}

/** See WorkloadKind. */
export function renderPrimary(form: PrimaryForm, stored: StoredRevision, wish: PrimaryWish): KubeObject {
  const { selector } = wish;
  if (selector === undefined) {
    throw new Retry(`cannot write ${wish.name}: which pods its target selects is not known yet`);
  }
  const own = ownSelector(selector, wish);
  const { key, value } = own;
  const metadata = recordCopied({
    name: wish.name,
    namespace: wish.namespace,
    labels: { ...copiedLabels(stored.labels, wish.includeLabelPrefix), [key]: value },
    annotations: copiedAnnotations(stored.annotations),
    ownerReferences: [wish.owner],
  });
  const primary: KubeObject = {
    apiVersion: apiVersionOf(form.resource),
    kind: form.resource.kind,
    metadata,
    spec: {
      ...stored.spec,
      ...(wish.replicas === undefined || !form.sized ? {} : { replicas: wish.replicas }),
      selector: { matchLabels: { [key]: value } },
      template: primaryTemplate(form, stored, { selector, own }),
    },
  };
  const notes = {
    [REVISION_ANNOTATION]: stored.revision,
    [WRITTEN_ANNOTATION]: writtenNote(primaryFingerprint(primary, form.defaults)),
  };
  return { ...primary, metadata: { ...metadata, annotations: { ...metadata.annotations, ...notes } } };
}

function ownSelector({ key, value }: Selector, { role }: PrimaryWish): Selector {
  return { key, value: `${value}-${role ?? 'primary'}` };
}

function primaryTemplate(
  { spread }: PrimaryForm,
  stored: StoredRevision,
  { selector, own }: { readonly selector: Selector; readonly own: Selector },
): PodTemplate {
  const copies = Object.fromEntries(Object.entries(stored.configs).map(([key, { copy }]) => [key, copy]));
  const configured = rewriteConfigRefs(stored.template, copies);
  const apart = (key: string, value: string): string =>
    key === selector.key && value === selector.value ? own.value : value;
  return mapTemplateMetadata(spread ? mapSpreadSelectors(configured, apart) : configured, {
    labels: (labels) => ({ ...withoutToolkit(labels), [own.key]: own.value }),
    annotations: (annotations) => ({
      ...withoutToolkit(annotations),
      [REVISION_ANNOTATION]: stored.revision,
    }),
  });
}

/**
 * Primaries are replaced whole, under the resourceVersion of `live`. What stays of it: labels and annotations of others,
 * the selector, which no server lets anybody change, and the replicas where the wish names none.
 */
export function primaryShape({ defaults }: PrimaryForm): OwnedShape {
  return {
    merge(live, wanted) {
      const liveSpec = objectOf(live['spec']);
      const wantedSpec = objectOf(wanted['spec']);
      const kept = { selector: liveSpec['selector'] ?? wantedSpec['selector'] };
      const replicas = wantedSpec['replicas'] ?? liveSpec['replicas'];
      return {
        ...live,
        metadata: mergeMetadata(live.metadata, wanted.metadata),
        spec: { ...wantedSpec, ...kept, ...(replicas === undefined ? {} : { replicas }) },
      };
    },
    fingerprint: (object) => primaryFingerprint(object, defaults),
  };
}

/**
 * What is left to note where a server stored something else than was sent, because an admission webhook or a new default
 * had a say: the annotations that make the stored object the written one. undefined where it stored what was sent, and
 * where the kind keeps no note.
 */
export function absorbServerChanges(
  stored: KubeObject,
  shape: OwnedShape,
): Readonly<Record<string, string>> | undefined {
  const note = writtenNote(shape.fingerprint(stored));
  const before = stored.metadata.annotations?.[WRITTEN_ANNOTATION];
  return before === undefined || before === note ? undefined : { [WRITTEN_ANNOTATION]: note };
}
