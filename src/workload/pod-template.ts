// Walks over a pod template, as far as a primary differs from its target: labels, scheduling selectors and references to
// configuration. Every walk returns a changed copy and passes over whatever it does not understand.

import { isJsonObject, objectOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';

/** A pod template as it stands in a workload's `spec.template`. */
export type PodTemplate = JsonObject;
type Change = (part: JsonObject) => JsonObject;

export type ConfigKind = 'ConfigMap' | 'Secret';

/** One object that a pod template reads its configuration from. */
export interface ConfigRef {
  readonly kind: ConfigKind;
  readonly name: string;
  /** The pod starts without it. */
  readonly optional: boolean;
}

/** `parent` with the object under `key` changed; `parent` itself where there is none. */
function within(parent: JsonObject, key: string, change: Change): JsonObject {
  const child = parent[key];
  return isJsonObject(child) ? { ...parent, [key]: change(child) } : parent;
}

/** `parent` with each object of the list under `key` changed. */
function each(parent: JsonObject, key: string, change: Change): JsonObject {
  const list = parent[key];
  if (!Array.isArray(list)) {
    return parent;
  }
  const items: readonly unknown[] = list;
  return { ...parent, [key]: items.map((item) => (isJsonObject(item) ? change(item) : item)) };
}

/** `parent` with the text under `key` changed. */
function textAt(parent: JsonObject, key: string, change: (text: string) => string): JsonObject {
  const text = parent[key];
  return typeof text === 'string' && text !== '' ? { ...parent, [key]: change(text) } : parent;
}

/** The template with the name of each referenced ConfigMap and Secret replaced by what `rename` says. */
export function renameConfigRefs(template: PodTemplate, rename: (ref: ConfigRef) => string): PodTemplate {
  const refAt = (parent: JsonObject, key: string, kind: ConfigKind, nameKey = 'name'): JsonObject =>
    within(parent, key, (ref) =>
      textAt(ref, nameKey, (name) => rename({ kind, name, optional: ref['optional'] === true })),
    );
  const variable: Change = (entry) =>
    within(entry, 'valueFrom', (from) =>
      refAt(refAt(from, 'configMapKeyRef', 'ConfigMap'), 'secretKeyRef', 'Secret'),
    );
  const bulk: Change = (entry) => refAt(refAt(entry, 'configMapRef', 'ConfigMap'), 'secretRef', 'Secret');
  const container: Change = (part) => each(each(part, 'env', variable), 'envFrom', bulk);
  const source: Change = (part) => refAt(refAt(part, 'configMap', 'ConfigMap'), 'secret', 'Secret');
  const volume: Change = (part) => {
    const direct = refAt(refAt(part, 'configMap', 'ConfigMap'), 'secret', 'Secret', 'secretName');
    return within(direct, 'projected', (projected) => each(projected, 'sources', source));
  };
  return within(template, 'spec', (spec) =>
    each(each(each(spec, 'volumes', volume), 'initContainers', container), 'containers', container),
  );
}

/**
 * The template with label values changed in the selectors by which pods keep apart from their own kind: pod
 * anti-affinity and topology spread. Pod affinity points at other workloads and stays as it is.
 */
export function mapSpreadSelectors(
  template: PodTemplate,
  change: (key: string, value: string) => string,
): PodTemplate {
  const expression: Change = (part) => {
    const { key, values } = part;
    if (typeof key !== 'string' || !Array.isArray(values)) {
      return part;
    }
    const list: readonly unknown[] = values;
    return { ...part, values: list.map((value) => (typeof value === 'string' ? change(key, value) : value)) };
  };
  const selector: Change = (part) =>
    each(
      within(part, 'matchLabels', (labels) => mapTexts(labels, change)),
      'matchExpressions',
      expression,
    );
  const term: Change = (part) => within(part, 'labelSelector', selector);
  const antiAffinity: Change = (part) =>
    each(
      each(part, 'requiredDuringSchedulingIgnoredDuringExecution', term),
      'preferredDuringSchedulingIgnoredDuringExecution',
      (preferred) => within(preferred, 'podAffinityTerm', term),
    );
  return within(template, 'spec', (spec) =>
    each(
      within(spec, 'affinity', (affinity) => within(affinity, 'podAntiAffinity', antiAffinity)),
      'topologySpreadConstraints',
      term,
    ),
  );
}

/** The text entries of a map, changed; anything else in it stays. */
export function mapTexts(map: JsonObject, change: (key: string, value: string) => string): JsonObject {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [key, typeof value === 'string' ? change(key, value) : value]),
  );
}

/** The template with its labels and annotations changed. */
export function mapTemplateMetadata(
  template: PodTemplate,
  changes: { readonly labels: Change; readonly annotations: Change },
): PodTemplate {
  // A client may have sent a null here; no server keeps it.
  const { creationTimestamp: _unset, ...rest } = objectOf(template['metadata']);
  return {
    ...template,
    metadata: {
      ...rest,
      labels: changes.labels(objectOf(rest['labels'])),
      annotations: changes.annotations(objectOf(rest['annotations'])),
    },
  };
}
