// Small decisions of the store about one request: whom it selects, in which shape it answers, what it refuses.
import type { Patch } from '../../cluster/cluster.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../../model/kube.ts';
import { isJson, listAt, objectAt } from './json.ts';
import type { Kind } from './kind.ts';
import { applyJsonPatch, applyMergePatch, PatchMismatch } from './patch.ts';
import { badRequest, conflict, internal, unprocessablePatch } from './refusals.ts';
import { parseFieldSelector, parseLabelSelector, type Predicate } from './selector.ts';

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Throws a 400 for a selector that cannot be read. */
export function predicateOf(kind: Kind, { namespace, labelSelector, fieldSelector }: Selection): Predicate {
  const conditions: Predicate[] = [];
  if (namespace !== undefined && namespace !== '')
    conditions.push(({ metadata }) => metadata.namespace === namespace);
  if (labelSelector !== undefined && labelSelector !== '') conditions.push(parseLabelSelector(labelSelector));
  if (fieldSelector !== undefined && fieldSelector !== '') {
    conditions.push(parseFieldSelector(fieldSelector, kind.selectable));
  }
  return (object) => conditions.every((holds) => holds(object));
}

/** Versions of a kind differ in their apiVersion only (conversion strategy None). */
export function inVersion(object: KubeObject, resource: Resource): KubeObject {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** As the port gives PartialObjectMetadata: metadata alone, under the kind's own name. */
export function metadataOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  return { apiVersion, kind, metadata };
}

/** A merge patch may carry a resourceVersion, which then guards it; so may the result of a JSON patch. */
export function patched(object: KubeObject, patch: Patch): KubeObject {
  const result = patch.kind === 'merge' ? applyMergePatch(object, patch.body) : jsonPatched(object, patch);
  if (!isKubeObject(result)) throw badRequest('the patch leaves no object of this kind');
  return result;
}

function jsonPatched(object: KubeObject, { operations }: Extract<Patch, { kind: 'json' }>): unknown {
  try {
    return applyJsonPatch(object, operations);
  } catch (error) {
    throw error instanceof PatchMismatch ? unprocessablePatch() : error;
  }
}

export function isKubeObject(value: unknown): value is KubeObject {
  return (
    isJson(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isJson(value['metadata'])
  );
}

interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export function checkPreconditions(
  resource: Resource,
  { metadata }: KubeObject,
  wanted: Preconditions,
): void {
  const why =
    mismatch('UID', wanted.uid, metadata.uid) ??
    mismatch('ResourceVersion', wanted.resourceVersion, metadata.resourceVersion);
  if (why !== undefined) throw conflict(resource, metadata.name, why);
}

function mismatch(what: string, want: string | undefined, is: string | undefined): string | undefined {
  if (want === undefined || want === is) return undefined;
  return `the ${what} in the precondition (${want}) does not match the ${what} in record (${is ?? ''})`;
}

/** The finalizers by which the garbage collector is asked to act before the object goes. */
export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export function finalizersFor(
  { metadata }: KubeObject,
  propagation: Propagation | undefined,
): readonly string[] {
  const { finalizers = [] } = metadata;
  if (propagation === undefined) return finalizers;
  const own = finalizers.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
  if (propagation === 'Background') return own;
  return [...own, propagation === 'Orphan' ? orphanFinalizer : foregroundFinalizer];
}

/** A namespace is held by its own finalizers until its content is gone. */
export function isHeld({ resource }: Kind, object: KubeObject): boolean {
  return (
    resource.plural === 'namespaces' &&
    resource.group === '' &&
    listAt(objectAt(object, 'spec'), 'finalizers').length > 0
  );
}

/** The number behind the resourceVersion of a watch; anything else is a 500 there, on a real server too. */
export function versionNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw internal(`resourceVersion: Invalid value: "${text}": invalid syntax`);
  return Number(text);
}

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** The name that `generateName` becomes: five characters taken from a unique id. */
export function generatedName(prefix: string, uid: string): string {
  const suffix = Array.from(
    uid.slice(-5),
    (char) => suffixAlphabet[char.charCodeAt(0) % suffixAlphabet.length],
  );
  return `${prefix}${suffix.join('')}`;
}
