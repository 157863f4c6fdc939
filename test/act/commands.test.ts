import { describe, expect, it } from '@jest/globals';
import { tendCommand } from '../../src/act/commands.ts';
import { ApiError } from '../../src/cluster/cluster.ts';
import { Retry, Stalled } from '../../src/model/errors.ts';
import { resources } from '../../src/model/kube.ts';
import { lab } from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';
import { ago } from '../fixture/observation.ts';

const { canaryCommands } = resources;
const key = { namespace: 'shop', name: 'stop' };

function given(of: Lab): string {
  const object = of.store.create(canaryCommands, {
    apiVersion: 'serin.dev/v1alpha1',
    kind: 'CanaryCommand',
    metadata: { ...key },
    spec: { canary: 'cart', verb: 'abort' },
  });
  of.writes();
  return object.metadata.uid ?? '';
}

const answer = (of: Lab, uid: string, run?: string): Promise<void> =>
  tendCommand(of, 'shop', {
    kind: 'answerCommand',
    answer: {
      uid,
      name: 'stop',
      verb: 'abort',
      author: 'ann',
      reason: 'because',
      result: 'Done',
      message: 'rolls back',
      at: ago(0),
      ...(run === undefined ? {} : { run }),
    },
  });

describe('the answer to a command', () => {
  it('says what came of it, of which run, and whose it was; the cache knows at once', async () => {
    const of = lab();
    await answer(of, given(of), 'r1');
    expect(of.find(canaryCommands, 'stop')?.['status']).toEqual({
      result: 'Done',
      message: 'rolls back',
      author: 'ann',
      at: ago(0),
      run: 'r1',
    });
    expect(of.writes()).toEqual(['patch canarycommands shop/stop status']);
    expect(of.caches.commands.get('shop/stop')?.answeredAtMs).toBeDefined();
  });

  it('is not given to another command of the same name', async () => {
    const of = lab();
    given(of);
    await answer(of, 'somebody else');
    expect(of.writes()).toEqual([]);
  });

  it('is not needed by a command that is gone', async () => {
    const of = lab();
    await answer(of, 'gone');
    const uid = given(of);
    of.refuse = () => new ApiError(404, 'NotFound', 'gone');
    await expect(answer(of, uid)).resolves.toBeUndefined();
  });

  it('is tried again where the command has changed meanwhile', async () => {
    const of = lab();
    const uid = given(of);
    of.refuse = () => new ApiError(409, 'Conflict', 'changed');
    await expect(answer(of, uid)).rejects.toThrow(Retry);
  });

  it('that may not be written is said', async () => {
    const of = lab();
    const uid = given(of);
    of.refuse = () => new ApiError(403, 'Forbidden', 'not allowed');
    await expect(answer(of, uid)).rejects.toThrow(Stalled);
  });
});

describe('a command that is over', () => {
  it('is deleted, and no other of that name', async () => {
    const of = lab();
    const uid = given(of);
    await expect(
      tendCommand(of, 'shop', { kind: 'deleteCommand', name: 'stop', uid: 'another' }),
    ).rejects.toThrow(Retry);
    await tendCommand(of, 'shop', { kind: 'deleteCommand', name: 'stop', uid });
    expect(of.find(canaryCommands, 'stop')).toBeUndefined();
  });
});
