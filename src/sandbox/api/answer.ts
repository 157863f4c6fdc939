// The shapes of answers: Status objects, lists, metadata alone; and which shape a client accepts.
import type { ApiError } from '../../cluster/cluster.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../../model/kube.ts';
import type { Page } from '../store/page.ts';

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

/** `metadata` for PartialObjectMetadata; whatever else is asked for (tables, protobuf), JSON objects are the answer. */
export type Shape = 'object' | 'metadata';

export function shapeFor(accept: string | undefined): Shape {
  const wanted = (accept ?? '').split(',').map((part) => part.replaceAll(' ', ''));
  const first = wanted.find(
    (part) => part === 'application/json' || /;as=PartialObjectMetadata(List)?(;|$)/.test(part),
  );
  return first === undefined || first === 'application/json' ? 'object' : 'metadata';
}

export function shaped(object: KubeObject, shape: Shape): unknown {
  if (shape === 'object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

export function listOf(
  resource: Resource,
  { items, resourceVersion, continueToken, remaining }: Page,
  shape: Shape,
): unknown {
  const [kind, apiVersion] =
    shape === 'metadata'
      ? ['PartialObjectMetadataList', 'meta.k8s.io/v1']
      : [`${resource.kind}List`, apiVersionOf(resource)];
  const more = continueToken === undefined ? {} : { continue: continueToken, remainingItemCount: remaining };
  return {
    kind,
    apiVersion,
    metadata: { resourceVersion, ...more },
    items: items.map((item) => shaped(item, shape)),
  };
}

export function failure({ status: code, reason, message }: ApiError): unknown {
  const known = reason === 'Unknown' ? {} : { reason };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...known, code };
}

export function deleted(resource: Resource, { metadata }: KubeObject): unknown {
  const { name, uid } = metadata;
  const group = resource.group === '' ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.plural, uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
