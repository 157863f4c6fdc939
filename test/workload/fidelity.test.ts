// What a primary's pod template may differ in from its target's, and nothing else: everything that nobody has told Serin about
// is the same, byte for byte.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isJsonObject, listOf, objectOf } from '../../src/model/json.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { daemonSets } from '../../src/workload/daemon-set.ts';
import { deployments } from '../../src/workload/deployment.ts';
import type { WorkloadKind } from '../../src/workload/kind.ts';
import { captureRevision, readRevision, renderRevision } from '../../src/workload/stored-revision.ts';
import { owner, podTemplates } from './arbitrary.ts';

const kinds: readonly (readonly [string, WorkloadKind])[] = [
  ['Deployment', deployments],
  ['DaemonSet', daemonSets],
];

function workload(kind: WorkloadKind, template: JsonObject): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: kind.resource.kind,
    metadata: { name: 'podinfo', namespace: 'test' },
    spec: { selector: { matchLabels: { app: 'podinfo' } }, template },
  };
}

/** Stored and read back, as it is on its way through a cluster. */
function primaryTemplateOf(
  kind: WorkloadKind,
  template: JsonObject,
  keys: readonly string[] = [],
): JsonObject {
  const checksums = Object.fromEntries(keys.map((key) => [key, '00112233aabbccdd']));
  const stored = captureRevision(kind, workload(kind, template), { checksums, ownerUid: owner.uid });
  const object = renderRevision(stored, { canary: 'podinfo', namespace: 'test', owner });
  const read = readRevision(structuredClone(object));
  const primary = kind.renderPrimary(read!, {
    name: 'podinfo-primary',
    namespace: 'test',
    selector: { key: 'app', value: 'podinfo' },
    replicas: 1,
    owner,
    includeLabelPrefix: [],
  });
  return objectOf(objectOf(primary['spec'])['template']);
}

/** The paths at which two JSON values differ. */
function differences(before: unknown, after: unknown, path: string): string[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      differences(before[key], after[key], `${path}.${key}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => differences(item, listOf(after)[index], `${path}[]`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

const rewritten = new Set([
  '.metadata.creationTimestamp',
  '.metadata.labels.app',
  '.metadata.labels.kustomize.toolkit.fluxcd.io/name',
  '.metadata.annotations.kustomize.toolkit.fluxcd.io/name',
  '.metadata.annotations.serin.dev/revision',
]);
const spread = [
  '.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[].labelSelector',
  '.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.labelSelector',
  '.spec.topologySpreadConstraints[].labelSelector',
];

describe.each(kinds)('the pod template of the primary of a %s', (name, kind) => {
  it('differs from the target where the rules say so and nowhere else, whatever is in it', () => {
    fc.assert(
      fc.property(podTemplates, (template) => {
        const found = differences(template, primaryTemplateOf(kind, template), '').filter(
          (path) =>
            !rewritten.has(path) && !(name === 'Deployment' && spread.some((at) => path.startsWith(at))),
        );
        expect(found).toEqual([]);
      }),
    );
  });

  it('keeps thousands of lines as they are', () => {
    const env = Array.from({ length: 5_000 }, (_, index) => ({
      name: `V${index}`,
      value: `${index} ünï\n"`,
    }));
    const spec = { containers: [{ name: 'app', image: 'i', env, futureField: { deep: [null, 1.5, {}] } }] };

    expect(objectOf(primaryTemplateOf(kind, { metadata: {}, spec })['spec'])).toEqual(spec);
  });

  it('points init containers, projected volumes and envFrom at copies, and changes nothing around them', () => {
    const spec = {
      initContainers: [
        { name: 'init', envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings', optional: true } }] },
      ],
      containers: [{ name: 'app', envFrom: [{ secretRef: { name: 'token' } }] }],
      volumes: [
        {
          name: 'all',
          projected: {
            defaultMode: 256,
            sources: [
              { configMap: { name: 'settings', items: [{ key: 'k', path: 'p' }] } },
              { secret: { name: 'untracked' } },
              { downwardAPI: { items: [] } },
            ],
          },
        },
      ],
    };
    const after = primaryTemplateOf(kind, { metadata: {}, spec }, ['configmap/settings', 'secret/token']);

    expect(differences(spec, after['spec'], '').toSorted()).toEqual([
      '.containers[].envFrom[].secretRef.name',
      '.initContainers[].envFrom[].configMapRef.name',
      '.volumes[].projected.sources[].configMap.name',
    ]);
  });
});

describe('a Deployment that replaces all its pods at once', () => {
  it('has a primary that does the same, with nothing left of a rolling update', () => {
    const target = workload(deployments, { metadata: {}, spec: {} });
    const recreate = { ...target, spec: { ...objectOf(target['spec']), strategy: { type: 'Recreate' } } };
    const wish = {
      name: 'podinfo-primary',
      namespace: 'test',
      selector: { key: 'app', value: 'podinfo' },
      replicas: 1,
      owner,
      includeLabelPrefix: [],
    };
    const capture = { checksums: undefined, ownerUid: owner.uid };
    const rolling = {
      ...target,
      spec: {
        ...objectOf(target['spec']),
        minReadySeconds: 4,
        revisionHistoryLimit: 2,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      },
    };
    const live = deployments.renderPrimary(captureRevision(deployments, rolling, capture), wish);
    const wanted = deployments.renderPrimary(captureRevision(deployments, recreate, capture), wish);

    expect(live['spec']).toMatchObject({ minReadySeconds: 4, revisionHistoryLimit: 2 });
    expect(objectOf(deployments.primaryShape.merge(live, wanted)['spec'])['strategy']).toEqual({
      type: 'Recreate',
    });
  });
});
