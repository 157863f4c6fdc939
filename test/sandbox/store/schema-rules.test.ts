import { describe, expect, it } from '@jest/globals';
import { customResourceDefinitions } from '../../../src/api/crd.ts';
import { resources } from '../../../src/model/kube.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import { Store } from '../../../src/sandbox/store.ts';
import { readSchema } from '../../../src/sandbox/store/schema-rules.ts';

const { canaryCommands, customResourceDefinitions: definitions } = resources;
const key = { namespace: 'shop', name: 'stop' };

function store(): Store {
  const of = new Store({ now: () => 0, newUid: () => 'uid', readSchema });
  for (const definition of customResourceDefinitions()) {
    of.create(definitions, { ...definition });
  }
  return of;
}

const command = (spec: Readonly<Record<string, unknown>> = {}): KubeObject => ({
  apiVersion: 'serin.dev/v1alpha1',
  kind: 'CanaryCommand',
  metadata: { ...key },
  spec: { canary: 'cart', verb: 'abort', ...spec },
});

// What a real server does with the same is in test/chart/commands.live.test.ts.
describe('a CanaryCommand in the sandbox', () => {
  it('cannot be changed', () => {
    const of = store();
    of.create(canaryCommands, command());
    const patch = (body: Record<string, unknown>): KubeObject =>
      of.patch(canaryCommands, key, { kind: 'merge', body });
    expect(() => patch({ spec: { verb: 'promote' } })).toThrow(/a command cannot be changed/);
    expect(
      patch({ metadata: { labels: { team: 'shop' } }, spec: { expiresAfter: '1h' } }).metadata.labels,
    ).toEqual({
      team: 'shop',
    });
  });

  it('takes an answer', () => {
    const of = store();
    of.create(canaryCommands, command());
    const body = { status: { result: 'Done' } };
    expect(
      of.patch(canaryCommands, key, { kind: 'merge', body }, { subresource: 'status' })['status'],
    ).toEqual(body.status);
  });

  it.each([
    ['an unknown verb', { verb: 'explode' }],
    ['a gate without approve', { gate: 'confirm-rollout' }],
    ['no Canary', { canary: '' }],
    ['a time that is none', { expiresAfter: 'soon' }],
  ])('is refused with %s', (_title, spec) => {
    expect(() => store().create(canaryCommands, command(spec))).toThrow();
  });
});
