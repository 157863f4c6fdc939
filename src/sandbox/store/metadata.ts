// Object metadata: what the server keeps of what it is sent, and when it refuses.
import type { KubeObject, ObjectMeta } from '../../model/kube.ts';
import { adopt, isEmpty, isJson, type Json } from './json.ts';
import { badRequest, type Finding } from './refusals.ts';

const texts = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
];
const numbers = ['generation', 'deletionGracePeriodSeconds'];
const maps = ['labels', 'annotations'];

/**
 * Known fields only, empty ones dropped, as the server's typed metadata. Unchanged parts of `previous` are shared.
 * Throws a 400 where a field has the wrong type.
 */
export function readMetadata(object: KubeObject, previous?: ObjectMeta): ObjectMeta {
  const given: unknown = object.metadata;
  if (!isJson(given)) throw wrongType('metadata');
  const meta: Json = {};
  for (const field of texts) keep(given, meta, field, (value) => typeof value === 'string');
  for (const field of numbers) keep(given, meta, field, (value) => typeof value === 'number');
  for (const field of maps) {
    keep(given, meta, field, isTextMap);
    if (isJson(meta[field])) meta[field] = withEmptyTexts(meta[field]);
  }
  keep(given, meta, 'finalizers', isTextList);
  keep(given, meta, 'ownerReferences', isObjectList);
  // Kept as they are sent: nobody works them out here.
  keep(given, meta, 'managedFields', isObjectList);
  const name = typeof meta['name'] === 'string' ? meta['name'] : '';
  for (const field of [...maps, 'finalizers', 'ownerReferences', 'managedFields']) {
    if (field in meta) meta[field] = adopt(meta[field], previous?.[field]);
  }
  return { ...meta, name };
}

function keep(given: Json, meta: Json, field: string, fits: (value: unknown) => boolean): void {
  const value = given[field];
  if (value === undefined || value === null) return;
  if (!fits(value)) throw wrongType(`metadata.${field}`);
  if (isEmpty(value)) return;
  meta[field] = value;
}

const wrongType = (field: string): Error =>
  badRequest(`the object provided is unrecognized or of the wrong type: ${field}`);

/** Null is read as an empty text there. */
const isTextMap = (value: unknown): boolean =>
  isJson(value) && Object.values(value).every((item) => typeof item === 'string' || item === null);

const withEmptyTexts = (map: Json): Json =>
  Object.values(map).includes(null)
    ? Object.fromEntries(Object.entries(map).map(([key, value]) => [key, value ?? '']))
    : map;

const isObjectList = (value: unknown): boolean => Array.isArray(value) && value.every(isJson);

const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

export type NameRule = 'subdomain' | 'label' | 'service' | 'path';

const nameRules: Record<
  NameRule,
  { readonly pattern: RegExp; readonly limit: number; readonly words: string }
> = {
  subdomain: {
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    limit: 253,
    words:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  },
  label: {
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    limit: 63,
    words:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  },
  service: {
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    limit: 63,
    words:
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  },
  path: { pattern: /^(?!\.{1,2}$)[^/%]+$/, limit: 253, words: "may not be '.', '..' or contain '/' or '%'" },
};

export function checkName(name: string, rule: NameRule): readonly Finding[] {
  const { pattern, limit, words } = nameRules[rule];
  if (name.length > limit) {
    return [
      {
        path: 'metadata.name',
        message: `Invalid value: "${name}": must be no more than ${limit} characters`,
      },
    ];
  }
  return pattern.test(name) ? [] : [{ path: 'metadata.name', message: `Invalid value: "${name}": ${words}` }];
}

const qualifiedName =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const annotationBytes = 256 * 1024;

/** What is wrong with labels, annotations, finalizers and owners. Parts shared with `previous` were checked before. */
export function checkMetadata(meta: ObjectMeta, previous?: ObjectMeta): readonly Finding[] {
  const changed = (field: string): boolean => meta[field] !== undefined && meta[field] !== previous?.[field];
  return [
    ...(changed('labels') ? checkLabels(meta.labels ?? {}) : []),
    ...(changed('annotations') ? checkAnnotations(meta.annotations ?? {}) : []),
    ...(changed('finalizers') ? checkFinalizers(meta.finalizers ?? [], previous) : []),
    ...(changed('ownerReferences') ? checkOwners(meta) : []),
  ];
}

const badKey = (path: string, key: string): Finding => ({
  path,
  message: `Invalid value: "${key}": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
});

function checkLabels(labels: Readonly<Record<string, string>>): readonly Finding[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(qualifiedName.test(key) ? [] : [badKey('metadata.labels', key)]),
    ...(labelValue.test(value)
      ? []
      : [
          {
            path: 'metadata.labels',
            message: `Invalid value: "${value}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
          },
        ]),
  ]);
}

function checkAnnotations(annotations: Readonly<Record<string, string>>): readonly Finding[] {
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const path = 'metadata.annotations';
  return [
    ...Object.keys(annotations)
      .filter((key) => !qualifiedName.test(key.toLowerCase()))
      .map((key) => badKey(path, key)),
    ...(size > annotationBytes
      ? [{ path, message: `Too long: may not be more than ${annotationBytes} bytes` }]
      : []),
  ];
}

function checkFinalizers(
  finalizers: readonly string[],
  previous: ObjectMeta | undefined,
): readonly Finding[] {
  const known = new Set(previous?.finalizers ?? []);
  const fresh = finalizers.filter((finalizer) => !known.has(finalizer));
  const findings = fresh
    .filter((finalizer) => !qualifiedName.test(finalizer))
    .map((finalizer) => badKey('metadata.finalizers', finalizer));
  if (previous?.deletionTimestamp === undefined || fresh.length === 0) return findings;
  const list = fresh.map((finalizer) => `"${finalizer}"`).join(', ');
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [...findings, { path: 'metadata.finalizers', message }];
}

function checkOwners({ ownerReferences = [] }: ObjectMeta): readonly Finding[] {
  const path = 'metadata.ownerReferences';
  const missing = ownerReferences.flatMap((owner, index) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => isEmpty(owner[field]))
      .map((field) => ({
        path: `${path}[${index}].${field}`,
        message: 'Invalid value: "": must not be empty',
      })),
  );
  const controllers = ownerReferences.filter((owner) => owner.controller === true);
  if (controllers.length <= 1) return missing;
  const message = 'Invalid value: Only one reference can have Controller set to true';
  return [...missing, { path, message }];
}
