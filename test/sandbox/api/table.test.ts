import { expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/model/kube.ts';
import { valueAt } from '../../../src/sandbox/api/table.ts';

const canary: KubeObject = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  metadata: { name: 'app', annotations: { 'a.b/c': 'd' } },
  status: {
    phase: 'Progressing',
    canaryWeight: 0,
    conditions: [
      { type: 'Promoted', status: 'Unknown' },
      { type: 'Ready', status: 'True', message: 'waits for nothing' },
    ],
  },
};

it.each([
  ['.status.phase', 'Progressing'],
  ['.status.canaryWeight', 0],
  ['.status.conditions[1].type', 'Ready'],
  ['.status.conditions[?(@.type=="Ready")].message', 'waits for nothing'],
  [`.status.conditions[?(@.type=='Promoted')].status`, 'Unknown'],
  ['.status.conditions[?(@.type=="Gone")].status', undefined],
  [`.metadata.annotations['a.b/c']`, 'd'],
  ['.status.nothing.deeper', undefined],
])('reads %s', (path, value) => {
  expect(valueAt(canary, path)).toBe(value);
});
