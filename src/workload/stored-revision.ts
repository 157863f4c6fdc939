// A revision of a target, kept as an immutable ControllerRevision: what is promoted and restored is always a copy of
// this, never of the live target, which may have moved on.
import { z } from 'zod';
import { digest } from '../model/hash.ts';
import type { KubeObject, OwnerReference } from '../model/kube.ts';
import { isOwnRevision, revisionSuffix } from '../model/revision.ts';
import type { Revision } from '../model/revision.ts';
import { copyNameOf } from './configs.ts';
import type { WorkloadKind } from './kind.ts';
import { REVISION_ANNOTATION, copiedAnnotations, ownerUidsOf, withoutToolkit } from './metadata.ts';
import { revisionFrom, sourceHashOf, templateHashOf } from './template-hash.ts';

const CANARY_LABEL = 'serin.dev/canary';

const TextMap = z.record(z.string(), z.string());
const StoredData = z.object({
  revision: z.string().refine(isOwnRevision),
  /** What is released, as the target had it: the pod template. Nothing is rewritten before a primary is rendered. */
  template: z.record(z.string(), z.unknown()),
  /** By `configmap/<name>` or `secret/<name>`: the name of the copy, and the checksum of its content. */
  configs: z.record(z.string(), z.object({ copy: z.string(), checksum: z.string() })),
  /** What else of the target's spec a primary has; fields that the target leaves out are absent. */
  spec: z.record(z.string(), z.unknown()),
  boundTo: z.exactOptional(z.string()),
  /** Of the target itself, without those by which other tools claim it. */
  labels: TextMap,
  annotations: TextMap,
});
export type StoredRevision = Readonly<z.infer<typeof StoredData>>;

export interface RevisionView {
  readonly name: string;
  readonly uid: string;
  readonly ownerUids: readonly string[];
  /** undefined for the ControllerRevisions of others. */
  readonly revision: Revision | undefined;
  /** Of the stored template; equal to that of every workload that was made from it. */
  readonly sourceHash: string | undefined;
  /** UID of the only target that can have it; absent: any can. */
  readonly boundTo?: string;
  /** What the stored content reads as today: another name than `revision` if the way of hashing has changed. */
  readonly hash: Revision | undefined;
}

export interface Capture {
  /** Of every tracked object that the target uses, by `configmap/<name>`; undefined: tracking is off. */
  readonly checksums: Readonly<Record<string, string>> | undefined;
  /** UID of the Canary. */
  readonly ownerUid: string;
}

/**
 * The revision that a target holds now. Its name follows from its content, so the caller compares it with the revision
 * it meant to store. Throws a ZodError for an object that no API server would keep.
 */
export function captureRevision(
  kind: WorkloadKind,
  target: KubeObject,
  { checksums, ownerUid }: Capture,
): StoredRevision {
  const { template, spec, boundTo } = kind.capture(target);
  const { labels, annotations } = target.metadata;
  return {
    revision: revisionFrom(templateHashOf(template), checksums),
    template,
    configs: Object.fromEntries(
      Object.entries(checksums ?? {}).map(([key, checksum]) => {
        const name = key.slice(key.indexOf('/') + 1);
        return [key, { copy: copyNameOf(name, checksum, ownerUid), checksum }];
      }),
    ),
    spec,
    ...(boundTo === undefined ? {} : { boundTo }),
    labels: withoutToolkit(labels ?? {}),
    annotations: copiedAnnotations(annotations ?? {}),
  };
}

export interface RevisionWish {
  readonly canary: string;
  readonly namespace: string;
  readonly owner: OwnerReference;
}

/** `<canary>-v1-<hash>`, cut and made unique where that would be too long for a name. */
export function revisionNameOf(canary: string, revision: Revision): string {
  return `${shortened(canary, 200)}-${revisionSuffix(revision)}`;
}

export function renderRevision(stored: StoredRevision, wish: RevisionWish): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: revisionNameOf(wish.canary, stored.revision),
      namespace: wish.namespace,
      labels: { [CANARY_LABEL]: shortened(wish.canary, 63) },
      annotations: { [REVISION_ANNOTATION]: stored.revision },
      ownerReferences: [wish.owner],
    },
    // Required by the API; order is kept by the Canary's status, not by this number.
    revision: 1,
    data: { ...stored },
  };
}

/** undefined for an object that Serin has not written. */
export function readRevision(object: KubeObject): StoredRevision | undefined {
  return StoredData.safeParse(object['data']).data;
}

export function viewOfRevision(object: KubeObject): RevisionView {
  const { metadata } = object;
  const revision = metadata.annotations?.[REVISION_ANNOTATION];
  const stored = readRevision(object);
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    ownerUids: ownerUidsOf(object),
    revision: isOwnRevision(revision) ? revision : undefined,
    sourceHash: stored === undefined ? undefined : sourceHashOf(stored.template),
    ...(stored?.boundTo === undefined ? {} : { boundTo: stored.boundTo }),
    hash: stored === undefined ? undefined : hashOf(stored),
  };
}

/** undefined where checksums are unknown, or where nobody knows whether configuration was tracked. */
function hashOf({ template, configs }: StoredRevision): Revision | undefined {
  const checksums = Object.entries(configs).map(([key, { checksum }]) => [key, checksum] as const);
  return checksums.length === 0 || checksums.some(([, checksum]) => checksum === '')
    ? undefined
    : revisionFrom(templateHashOf(template), Object.fromEntries(checksums));
}

function shortened(name: string, limit: number): string {
  if (name.length <= limit) {
    return name;
  }
  return `${name.slice(0, limit - 9).replace(/[^a-z0-9]+$/, '')}-${digest(name).slice(0, 8)}`;
}
