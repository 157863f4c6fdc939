import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/cluster/cluster.ts';
import type { WriteOptions } from '../../src/cluster/cluster.ts';
import { Retry } from '../../src/model/errors.ts';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { createAuthorCheck } from '../../src/observe/author.ts';
import type { AuthorCheck } from '../../src/observe/author.ts';
import type { CommandView } from '../../src/observe/command-view.ts';

function command(uid: string, override: Partial<CommandView> = {}): CommandView {
  return {
    uid,
    name: uid,
    namespace: 'shop',
    canary: 'cart',
    verb: 'abort',
    gate: undefined,
    reason: undefined,
    claimedAuthor: 'ann',
    createdAtMs: 0,
    expiresAtMs: 1,
    answeredAtMs: undefined,
    ...override,
  };
}

/** A cluster that does this with whatever it is asked to create. */
function check(create: (object: KubeObject) => KubeObject): { of: AuthorCheck; asked: string[] } {
  const asked: string[] = [];
  const of = createAuthorCheck({
    create: (resource: Resource, object: KubeObject, options: WriteOptions = {}) => {
      asked.push(
        `${resource.plural} ${object.metadata.namespace ?? ''}${options.dryRun === true ? ' dry' : ''}`,
      );
      return Promise.resolve().then(() => create(object));
    },
  });
  return { of, asked };
}

const asIs = (object: KubeObject): KubeObject => object;
const stamping = (object: KubeObject): KubeObject => ({
  ...object,
  spec: { ...objectOf(object['spec']), author: 'system:serviceaccount:delivery:serin' },
});
const pruning = (object: KubeObject): KubeObject => ({
  ...object,
  spec: { canary: 'nobody', verb: 'pause' },
});

describe('the author of a command', () => {
  it('is believed where the cluster writes its own over what stands there', async () => {
    const { of, asked } = check(stamping);
    expect(await of.stamped([command('a'), command('b')])).toEqual(new Set(['a', 'b']));
    expect(asked).toEqual(['canarycommands shop dry']);
  });

  it.each<[string, (object: KubeObject) => KubeObject]>([
    ['leaves it as it is: anybody may have written it', asIs],
    ['takes it away', pruning],
  ])('is not believed where the cluster %s', async (_title, create) => {
    expect(await check(create).of.stamped([command('a')])).toEqual(new Set());
  });

  it.each([400, 403, 404, 422])('is not believed where the cluster answers %i', async (status) => {
    const { of } = check(() => {
      throw new ApiError(status, 'No', 'no');
    });
    expect(await of.stamped([command('a')])).toEqual(new Set());
  });

  it.each([429, 500, 503])('is asked about again where the cluster answers %i', async (status) => {
    const { of } = check(() => {
      throw new ApiError(status, 'No', 'not now');
    });
    await expect(of.stamped([command('a')])).rejects.toThrow(Retry);
  });

  it('is asked about once', async () => {
    const { of, asked } = check(stamping);
    const one = command('a');
    await of.stamped([one]);
    expect(await of.stamped([one])).toEqual(new Set(['a']));
    expect(asked).toHaveLength(1);
    await of.stamped([one, command('b')]);
    expect(asked).toHaveLength(2);
  });

  it('is not asked about where there is none, or nothing left to do', async () => {
    const { of, asked } = check(stamping);
    const commands = [command('a', { claimedAuthor: undefined }), command('b', { answeredAtMs: 5 })];
    expect(await of.stamped(commands)).toEqual(new Set());
    expect(asked).toEqual([]);
  });
});
