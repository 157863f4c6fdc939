import { expect, it } from '@jest/globals';
import { strategicToMerge } from '../../../src/sandbox/api/strategic-patch.ts';
import { applyMergePatch } from '../../../src/sandbox/store/patch.ts';

const a = { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }], args: ['--a', '--b'] };
const b = { name: 'b', image: 'b:1', ports: [{ containerPort: 80, protocol: 'TCP' }] };
const pod = { spec: { containers: [a, b], nodeSelector: { zone: 'x' } } };

it.each<[string, object, object]>([
  [
    'changes one container and keeps the other',
    { containers: [{ name: 'b', image: 'b:2' }] },
    { containers: [a, { ...b, image: 'b:2' }] },
  ],
  [
    'appends what has another name',
    { containers: [{ name: 'c', image: 'c:1' }] },
    { containers: [a, b, { name: 'c', image: 'c:1' }] },
  ],
  ['removes by directive', { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [b] }],
  [
    'replaces by directive',
    { containers: [{ $patch: 'replace' }, { name: 'c' }] },
    { containers: [{ name: 'c' }] },
  ],
  [
    'merges lists within lists',
    { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] },
    {
      containers: [
        {
          ...a,
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
        b,
      ],
    },
  ],
  [
    'removes fields of an element by null',
    { containers: [{ name: 'a', env: null, args: null }] },
    { containers: [{ name: 'a', image: 'a:1' }, b] },
  ],
  [
    'replaces lists of texts',
    { containers: [{ name: 'a', args: ['--c'] }] },
    { containers: [{ ...a, args: ['--c'] }, b] },
  ],
  [
    'tells ports by their number',
    { containers: [{ name: 'b', ports: [{ containerPort: 80, name: 'http' }] }] },
    { containers: [a, { ...b, ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] }] },
  ],
  [
    'ignores the order of elements',
    { '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a', image: 'a:2' }] },
    { containers: [{ ...a, image: 'a:2' }, b] },
  ],
  [
    'replaces a map by directive',
    { nodeSelector: { $patch: 'replace', disk: 'ssd' } },
    { nodeSelector: { disk: 'ssd' } },
  ],
  [
    'keeps only what is retained',
    { nodeSelector: { $retainKeys: ['disk'], disk: 'ssd' } },
    { nodeSelector: { disk: 'ssd' } },
  ],
  ['replaces lists without a key', { tolerations: [{ key: 'x' }] }, { tolerations: [{ key: 'x' }] }],
])('%s', (_, spec, wanted) => {
  const merge = strategicToMerge(pod, { spec });
  expect(applyMergePatch(pod, merge)).toEqual({ spec: { ...pod.spec, ...wanted } });
});

it('adds and removes finalizers one by one', () => {
  const object = { metadata: { finalizers: ['a', 'b'] } };
  expect(strategicToMerge(object, { metadata: { finalizers: ['c', 'a'] } })).toEqual({
    metadata: { finalizers: ['a', 'b', 'c'] },
  });
  expect(strategicToMerge(object, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({
    metadata: { finalizers: ['b'] },
  });
});
