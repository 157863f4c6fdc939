// The scale subresource: one Scale shape over whatever paths a kind keeps its numbers at.
import type { Patch } from '../../cluster/cluster.ts';
import type { KubeObject, ObjectKey, Resource } from '../../model/kube.ts';
import type { Store } from '../store.ts';
import { patched } from '../store/access.ts';
import { adoptObject, isJson, objectAt } from '../store/json.ts';
import type { ScalePaths } from '../store/kind.ts';
import { badRequest, notServed } from '../store/refusals.ts';

export interface ScaleRequest {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly dryRun: boolean;
}

/** Throws a 404 where the kind cannot be scaled. */
export function readScale(store: Store, { resource, key }: ScaleRequest): KubeObject {
  const { scale } = store.kindOf(resource);
  if (scale === undefined) throw notServed();
  return scaleOf(store.get(resource, key), scale);
}

/** A Scale in place of the old one, or a patch of it, as a write of the object's replicas. */
export function writeScale(store: Store, request: ScaleRequest, change: Patch | KubeObject): KubeObject {
  const { resource, key, dryRun } = request;
  const { scale } = store.kindOf(resource);
  const current = readScale(store, request);
  const wanted = 'metadata' in change ? change : patched(current, change);
  const replicas = objectAt(wanted, 'spec')['replicas'] ?? 0;
  if (scale === undefined || typeof replicas !== 'number') throw badRequest('spec.replicas must be a number');
  const { resourceVersion } = wanted.metadata;
  const guard = resourceVersion === undefined ? {} : { metadata: { resourceVersion } };
  const body = { ...nested(scale.specReplicasPath, replicas), ...guard };
  return scaleOf(store.patch(resource, key, { kind: 'merge', body }, { dryRun }), scale);
}

function scaleOf(object: KubeObject, scale: ScalePaths): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { labelSelectorPath } = scale;
  const selector = labelSelectorPath === undefined ? undefined : selectorText(at(object, labelSelectorPath));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...adoptObject({ namespace, uid, resourceVersion, creationTimestamp }) },
    spec: { replicas: at(object, scale.specReplicasPath) ?? 0 },
    status: {
      replicas: at(object, scale.statusReplicasPath) ?? 0,
      ...(selector === undefined ? {} : { selector }),
    },
  };
}

const fieldsOf = (path: string): readonly string[] => path.split('.').filter((field) => field !== '');

function at(object: KubeObject, path: string): unknown {
  return fieldsOf(path).reduce<unknown>((value, field) => (isJson(value) ? value[field] : undefined), object);
}

function nested(path: string, value: unknown): Record<string, unknown> {
  const built = fieldsOf(path).reduceRight<unknown>((inner, field) => ({ [field]: inner }), value);
  return isJson(built) ? built : {};
}

/** Custom kinds keep a text, workloads a selector. */
function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector;
  if (!isJson(selector)) return undefined;
  const labels = objectAt(selector, 'matchLabels');
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');
}
