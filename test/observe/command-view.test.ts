import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../src/model/kube.ts';
import { isoFromMs } from '../../src/model/time.ts';
import { canaryKeyOf, seenCommands, viewOfCommand } from '../../src/observe/command-view.ts';
import { NOW_MS, ago } from '../fixture/observation.ts';

function object(
  spec: Readonly<Record<string, unknown>>,
  status?: Readonly<Record<string, unknown>>,
): KubeObject {
  return {
    apiVersion: 'serin.dev/v1alpha1',
    kind: 'CanaryCommand',
    metadata: { name: 'c', namespace: 'shop', uid: 'u', creationTimestamp: ago(0) },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

describe('a CanaryCommand', () => {
  it('is kept as what a decision may know', () => {
    const view = viewOfCommand(
      object({
        canary: 'cart',
        verb: 'approve',
        gate: 'confirm-rollout',
        reason: 'a\nb',
        author: 'ann',
        expiresAfter: '90s',
      }),
    );
    expect(view).toEqual({
      uid: 'u',
      name: 'c',
      namespace: 'shop',
      canary: 'cart',
      verb: 'approve',
      gate: 'confirm-rollout',
      reason: 'a b',
      claimedAuthor: 'ann',
      createdAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 90_000,
      answeredAtMs: undefined,
    });
    expect(view === undefined ? undefined : canaryKeyOf(view)).toBe('shop/cart');
  });

  it.each([undefined, 'soon', 5])(
    'without a time that can be read expires after an hour: %p',
    (expiresAfter) => {
      expect(viewOfCommand(object({ canary: 'cart', verb: 'abort', expiresAfter }))?.expiresAtMs).toBe(
        NOW_MS + 3_600_000,
      );
    },
  );

  it('is answered as soon as it has a result', () => {
    const spec = { canary: 'cart', verb: 'abort' };
    const at = isoFromMs(NOW_MS + 5_000);
    expect(viewOfCommand(object(spec, { result: 'Done', at }))?.answeredAtMs).toBe(NOW_MS + 5_000);
    expect(viewOfCommand(object(spec, { result: 'Done' }))?.answeredAtMs).toBe(NOW_MS);
    expect(viewOfCommand(object(spec, { message: 'x' }))?.answeredAtMs).toBeUndefined();
  });

  it('that names no Canary is not kept', () => {
    expect(viewOfCommand(object({ verb: 'abort' }))).toBeUndefined();
  });

  it('has an author only where that is certain, and is stale where it is older than the Canary', () => {
    const view = viewOfCommand(object({ canary: 'cart', verb: 'abort', author: 'ann' }));
    const views = view === undefined ? [] : [view];
    const seen = (createdAt: string | undefined, ...uids: readonly string[]): unknown =>
      seenCommands(views, { createdAt, stamped: new Set(uids) });
    expect(seen(ago(0), 'u')).toMatchObject([{ author: 'ann', stale: false }]);
    expect(seen(ago(-1))).toMatchObject([{ author: 'unknown', stale: true }]);
    expect(seen(undefined)).toMatchObject([{ author: 'unknown', stale: false }]);
  });
});
