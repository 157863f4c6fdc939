// The shapes of answers: Status objects, lists, metadata alone; and which shape a client accepts.
import type { ApiError } from '../../cluster/cluster.ts';
import { apiVersionOf, type KubeObject, type Resource } from '../../model/kube.ts';
import type { Kind } from '../store/kind.ts';
import type { Page } from '../store/page.ts';
import { tableOf } from './table.ts';

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

/** PartialObjectMetadata, kubectl's tables, or the objects themselves, whatever else is asked for. */
export type Shape = 'object' | 'metadata' | 'table';

export function shapeFor(accept: string | undefined): Shape {
  for (const part of (accept ?? '').split(',').map((text) => text.replaceAll(' ', ''))) {
    if (part === 'application/json') return 'object';
    if (/;as=PartialObjectMetadata(List)?(;|$)/.test(part)) return 'metadata';
    if (/;as=Table;/.test(`${part};`) && part.includes('v=v1;')) return 'table';
  }
  return 'object';
}

const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };

export function shaped(kind: Kind, object: KubeObject, shape: Shape): unknown {
  switch (shape) {
    case 'object':
      return object;
    case 'metadata':
      return { ...partial, metadata: object.metadata };
    case 'table':
      return tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion });
  }
}

export function listOf(
  kind: Kind,
  { items, resourceVersion, continueToken, remaining }: Page,
  shape: Shape,
): unknown {
  const more = continueToken === undefined ? {} : { continue: continueToken, remainingItemCount: remaining };
  const metadata = { resourceVersion, ...more };
  if (shape === 'table') return tableOf(kind, items, metadata);
  const { resource } = kind;
  const [listKind, apiVersion] =
    shape === 'metadata'
      ? [`${partial.kind}List`, partial.apiVersion]
      : [`${resource.kind}List`, apiVersionOf(resource)];
  return { kind: listKind, apiVersion, metadata, items: items.map((item) => shaped(kind, item, shape)) };
}

/** What a watch says of its progress; `annotations` mark the end of what there was at its beginning. */
export function bookmark(
  { resource }: Kind,
  metadata: { readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> },
  shape: Shape,
): unknown {
  const own = { kind: resource.kind, apiVersion: apiVersionOf(resource) };
  return { ...(shape === 'metadata' ? partial : own), metadata };
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
