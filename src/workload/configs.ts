// ConfigMaps and Secrets that a target uses: which they are, what they hold, and the copies that a primary uses instead.
// A copy is named by its content and never changes, so pods of the old primary cannot see the new data.
import { z } from 'zod';
import { canonicalJson, digest, digestOfText } from '../model/hash.ts';
import type { KubeObject, OwnerReference } from '../model/kube.ts';
import { copiedLabels } from './metadata.ts';
import { renameConfigRefs } from './pod-template.ts';
import type { ConfigKind, ConfigRef, PodTemplate } from './pod-template.ts';

const CHECKSUM_ANNOTATION = 'serin.dev/checksum';
const TRACKING_ANNOTATION = 'flagger.app/config-tracking';

/** Other types belong to the cluster itself, such as service account tokens and Helm releases. */
const trackedSecretTypes = [
  'Opaque',
  'kubernetes.io/basic-auth',
  'kubernetes.io/ssh-auth',
  'kubernetes.io/tls',
];

/** `configmap/<name>` or `secret/<name>`: the keys of `status.trackedConfigs`. */
export function configKey({ kind, name }: { readonly kind: ConfigKind; readonly name: string }): string {
  return `${kind.toLowerCase()}/${name}`;
}

/**
 * What a pod template refers to, each once. Where references disagree, one that cannot do without the object decides.
 */
export function configRefsOf(template: PodTemplate): readonly ConfigRef[] {
  const found = new Map<string, ConfigRef>();
  renameConfigRefs(template, (ref) => {
    const before = found.get(configKey(ref));
    found.set(configKey(ref), { ...ref, optional: ref.optional && before?.optional !== false });
    return ref.name;
  });
  return [...found.values()];
}

const Content = z.object({
  type: z.string().catch('Opaque'),
  data: z.record(z.string(), z.string()).catch({}),
  binaryData: z.record(z.string(), z.string()).catch({}),
});

/** Whether a change of this object is a new revision. Users opt out by annotation. */
export function isTrackedConfig(object: KubeObject): boolean {
  if (object.metadata.annotations?.[TRACKING_ANNOTATION]?.startsWith('disable') === true) {
    return false;
  }
  return object.kind !== 'Secret' || trackedSecretTypes.includes(Content.parse(object).type);
}

/**
 * 64 bits over the content, as 16 hex digits. Where there is no binary data this is the checksum that Flagger keeps in
 * `status.trackedConfigs`, so that a change made while controllers are exchanged shows.
 */
export function checksumOfConfig(object: KubeObject): string {
  const { data, binaryData } = Content.parse(object);
  const hasText = Object.keys(data).length > 0;
  const hasBinary = Object.keys(binaryData).length > 0;
  if (hasBinary) {
    return digest({ data, binaryData });
  }
  return digestOfText(hasText ? goJson(data) : 'null');
}

/** Canonical JSON with the escapes of Go's encoder, which writes what HTML might misread as escape sequences. */
function goJson(value: unknown): string {
  return canonicalJson(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0'),
  );
}

const LONGEST_NAME = 253;

/**
 * The name of the copy of this content for this Canary: `<name>-primary-<8 hex digits>`. Two Canaries never share a copy,
 * so each may delete its own. A name that would become too long is cut and told from others by a digest.
 */
export function copyNameOf(name: string, checksum: string, ownerUid: string): string {
  const suffix = `-primary-${digest({ checksum, ownerUid }).slice(0, 8)}`;
  const room = LONGEST_NAME - suffix.length;
  if (name.length <= room) {
    return `${name}${suffix}`;
  }
  const cut = name.slice(0, room - 9).replace(/[^a-z0-9]+$/, '');
  return `${cut}-${digest(name).slice(0, 8)}${suffix}`;
}

/** True for the name of a copy that one Canary has to itself. */
export function isOwnCopy(name: string): boolean {
  return /-primary-[0-9a-f]{8}$/.test(name);
}

export interface ConfigCopyWish {
  readonly name: string;
  readonly owner: OwnerReference;
  readonly includeLabelPrefix: readonly string[];
}

/** The copy of a ConfigMap or Secret as it is now. Immutable: nobody needs to watch it, and nobody can edit it. */
export function renderConfigCopy(source: KubeObject, wish: ConfigCopyWish): KubeObject {
  const { metadata } = source;
  const { type, data, binaryData } = Content.parse(source);
  const secret = source.kind === 'Secret';
  return {
    apiVersion: 'v1',
    kind: source.kind,
    metadata: {
      name: wish.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels: copiedLabels(metadata.labels ?? {}, wish.includeLabelPrefix),
      annotations: { [CHECKSUM_ANNOTATION]: checksumOfConfig(source) },
      ownerReferences: [wish.owner],
    },
    ...(secret ? { type } : {}),
    ...(Object.keys(data).length > 0 ? { data: { ...data } } : {}),
    ...(Object.keys(binaryData).length > 0 && !secret ? { binaryData: { ...binaryData } } : {}),
    immutable: true,
  };
}

/** True if `live` holds the content with this checksum; a copy of that name may be somebody else's object. */
export function isCopyOf(live: KubeObject, checksum: string): boolean {
  return checksumOfConfig(live) === checksum;
}

/** The template with references to tracked objects pointing at their copies; `copies` by `configmap/<name>`. */
export function rewriteConfigRefs(
  template: PodTemplate,
  copies: Readonly<Record<string, string>>,
): PodTemplate {
  return renameConfigRefs(template, (ref) => copies[configKey(ref)] ?? ref.name);
}
