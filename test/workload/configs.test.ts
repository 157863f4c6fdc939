import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { KubeObject } from '../../src/model/kube.ts';
import {
  checksumOfConfig,
  configRefsOf,
  copyNameOf,
  isCopyOf,
  isTrackedConfig,
  renderConfigCopy,
  rewriteConfigRefs,
} from '../../src/workload/configs.ts';
import { owner } from './arbitrary.ts';

const config = (kind: string, content: Record<string, unknown>, annotations = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name: 'settings',
    namespace: 'test',
    labels: { 'app.kubernetes.io/part-of': 'shop', 'x.toolkit.fluxcd.io/y': 'z' },
    annotations,
  },
  ...content,
});

const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

describe('configRefsOf', () => {
  it('finds every place, each object once, and takes the strictest reference', () => {
    const template = {
      spec: {
        initContainers: [{ envFrom: [{ configMapRef: { name: 'init', optional: true } }] }],
        containers: [
          {
            env: [
              { name: 'A', valueFrom: { configMapKeyRef: { name: 'a', key: 'k', optional: true } } },
              { name: 'B', valueFrom: { secretKeyRef: { name: 'a', key: 'k' } } },
              { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            ],
            envFrom: [{ secretRef: { name: 's' } }, { configMapRef: { name: 'a' } }, { configMapRef: {} }],
          },
        ],
        volumes: [
          { configMap: { name: 'v', optional: true } },
          { secret: { secretName: 'vs' } },
          { projected: { sources: [{ configMap: { name: 'p' } }, { secret: { name: 'ps' } }] } },
          { csi: { nodePublishSecretRef: { name: 'no' } } },
        ],
        imagePullSecrets: [{ name: 'no' }],
      },
    };
    expect(
      configRefsOf(template)
        .map(({ kind, name, optional }) => `${kind} ${name} ${optional}`)
        .toSorted(),
    ).toEqual([
      'ConfigMap a false',
      'ConfigMap init true',
      'ConfigMap p false',
      'ConfigMap v true',
      'Secret a false',
      'Secret ps false',
      'Secret s false',
      'Secret vs false',
    ]);
    const copied = rewriteConfigRefs(template, { 'secret/a': 'a-copy', 'configmap/p': 'p-copy' });
    expect(
      configRefsOf(copied)
        .map(({ kind, name }) => `${kind} ${name}`)
        .toSorted(),
    ).toEqual([
      'ConfigMap a',
      'ConfigMap init',
      'ConfigMap p-copy',
      'ConfigMap v',
      'Secret a-copy',
      'Secret ps',
      'Secret s',
      'Secret vs',
    ]);
  });

  it('passes over whatever is not a pod template', () => {
    fc.assert(
      fc.property(fc.object(), (template) => {
        expect(configRefsOf({ spec: template })).toEqual(expect.any(Array));
      }),
    );
  });
});

describe('isTrackedConfig', () => {
  it.each<[string, KubeObject, boolean]>([
    ['a ConfigMap', config('ConfigMap', {}), true],
    [
      'a ConfigMap that opted out',
      config('ConfigMap', {}, { 'flagger.app/config-tracking': 'disabled' }),
      false,
    ],
    ['a Secret without a type', config('Secret', {}), true],
    ['an opaque Secret', config('Secret', { type: 'Opaque' }), true],
    ['a TLS Secret', config('Secret', { type: 'kubernetes.io/tls' }), true],
    ['a service account token', config('Secret', { type: 'kubernetes.io/service-account-token' }), false],
    ['a Helm release', config('Secret', { type: 'helm.sh/release.v1' }), false],
  ])('%s', (_title, object, tracked) => {
    expect(isTrackedConfig(object)).toBe(tracked);
  });
});

describe('checksumOfConfig', () => {
  it.each([
    ['nothing', {}, 'null'],
    ['sorted keys', { data: { b: '2', a: '1' } }, '{"a":"1","b":"2"}'],
    [
      'the escapes of Go',
      { data: { a: '<a href="x">&\u2028</a>' } },
      String.raw`{"a":"\u003ca href=\"x\"\u003e\u0026\u2028\u003c/a\u003e"}`,
    ],
  ])('is the one Flagger keeps: %s', (_title, content, json) => {
    expect(checksumOfConfig(config('ConfigMap', content))).toBe(sha(json));
  });

  it('changes with any content, binary data included, and with nothing else', () => {
    const contents = fc.record({
      data: fc.dictionary(fc.stringMatching(/^[a-z.]{1,5}$/), fc.string()),
      binaryData: fc.dictionary(fc.stringMatching(/^[a-z.]{1,5}$/), fc.string()),
    });
    fc.assert(
      fc.property(contents, contents, (a, b) => {
        const same = fc.stringify(sorted(a)) === fc.stringify(sorted(b));
        const [sumA, sumB] = [a, b].map((content, index) =>
          checksumOfConfig(config('ConfigMap', content, { note: String(index) })),
        );
        expect(sumA === sumB).toBe(same);
      }),
    );
    const before = checksumOfConfig(config('ConfigMap', { data: { a: '1' }, binaryData: { b: 'AA==' } }));
    expect(checksumOfConfig(config('ConfigMap', { data: { a: '1' }, binaryData: { b: 'AQ==' } }))).not.toBe(
      before,
    );
  });
});

describe('copies', () => {
  it('are named by content and Canary, and fit into a name', () => {
    const name = copyNameOf('settings', 'c1', 'canary-1');
    expect(name).toMatch(/^settings-primary-[0-9a-f]{8}$/);
    expect(copyNameOf('settings', 'c1', 'canary-1')).toBe(name);
    expect(copyNameOf('settings', 'c2', 'canary-1')).not.toBe(name);
    expect(copyNameOf('settings', 'c1', 'canary-2')).not.toBe(name);
    const names = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
    fc.assert(
      fc.property(names, names, (a, b) => {
        const copy = copyNameOf(a, 'c', 'u');
        expect(copy.length).toBeLessThanOrEqual(253);
        expect(copy).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
        expect(copy === copyNameOf(b, 'c', 'u')).toBe(a === b);
      }),
    );
    const long = 'a'.repeat(252);
    expect(copyNameOf(`${long}a`, 'c', 'u')).not.toBe(copyNameOf(`${long}b`, 'c', 'u'));
  });

  it('hold the content and nothing that would bind them to the original', () => {
    const source = config('Secret', {
      type: 'kubernetes.io/tls',
      data: { 'tls.key': 'AA==' },
      immutable: true,
    });
    expect(renderConfigCopy(source, { name: 'copy', owner, includeLabelPrefix: ['app.', 'x.'] })).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'copy',
        namespace: 'test',
        labels: { 'app.kubernetes.io/part-of': 'shop' },
        annotations: { 'serin.dev/checksum': checksumOfConfig(source) },
        ownerReferences: [owner],
      },
      type: 'kubernetes.io/tls',
      data: { 'tls.key': 'AA==' },
      immutable: true,
    });
  });

  it('are told from other objects of their name by content', () => {
    const source = config('ConfigMap', { data: { a: '1' }, binaryData: { b: 'AA==' } });
    const copy = renderConfigCopy(source, { name: 'copy', owner, includeLabelPrefix: [] });
    expect(copy).toMatchObject({ data: { a: '1' }, binaryData: { b: 'AA==' } });
    expect(isCopyOf(copy, checksumOfConfig(source))).toBe(true);
    expect(isCopyOf(config('ConfigMap', { data: { a: '2' } }), checksumOfConfig(source))).toBe(false);
  });
});

function sorted(content: Record<string, Record<string, string>>): unknown {
  return Object.entries(content).map(([key, map]) => [
    key,
    Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}
