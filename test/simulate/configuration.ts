// A Secret in the simulation: people rotate it, share it, and delete it; a run must not promote anything but what it holds.
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { objectOf, textOf } from '../../src/model/json.ts';
import { checksumOfConfig, isTrackedConfig } from '../../src/workload/configs.ts';
import type { Habit } from './habits.ts';
import type { Rule } from './rules.ts';
import { NAMESPACE } from './targets.ts';
import type { World } from './world.ts';

const key = { namespace: NAMESPACE, name: 'keys' };
const SHARED = 'flagger.app/config-tracking';

export function secretOf(token: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { ...key }, type: 'Opaque', data: { token } };
}

export function findSecret(world: World): KubeObject | undefined {
  return world.store.find(resources.secrets, key);
}

const tokens = ['MQ==', 'Mg==', 'Mw=='] as const;

function edit(world: World, body: Record<string, unknown>): void {
  world.store.patch(resources.secrets, key, { kind: 'merge', body });
}

export const configurationHabits: readonly Habit[] = [
  {
    name: 'rotates the Secret',
    act: (world) => {
      const token = world.chance.pick(tokens);
      if (findSecret(world) === undefined) {
        world.store.create(resources.secrets, secretOf(token));
        return 'creates the Secret';
      }
      edit(world, { data: { token } });
      return 'rotates the Secret';
    },
  },
  {
    name: 'shares the Secret, or no more',
    act: (world) => {
      const secret = findSecret(world);
      if (secret === undefined) {
        return undefined;
      }
      const shared = secret.metadata.annotations?.[SHARED] === undefined;
      edit(world, { metadata: { annotations: { [SHARED]: shared ? 'disabled' : null } } });
      return shared ? 'shares the Secret' : 'shares the Secret no more';
    },
  },
  {
    name: 'deletes the Secret',
    act: (world) => {
      if (findSecret(world) === undefined) {
        return undefined;
      }
      world.store.delete(resources.secrets, key);
      return 'deletes the Secret';
    },
  },
];

/** What `status.trackedConfigs` says of a Secret that was just looked at. */
function expectedOf(secret: KubeObject | undefined): string | undefined {
  return secret !== undefined && isTrackedConfig(secret) ? checksumOfConfig(secret) : undefined;
}

export const configurationRules: readonly Rule[] = [
  {
    name: 'a run promotes what its Secret holds at that moment',
    broken: ({ before, now: { status, secret } }) => {
      const run = objectOf(status['run']);
      // A run that is told to finish first promotes what it analysed, whatever has come since.
      const follows = run['kind'] === 'rollout' && run['finishing'] !== true;
      const began = run['stage'] === 'promote' && objectOf(before.status['run'])['stage'] !== 'promote';
      const configs = status['trackedConfigs'];
      const known = textOf(objectOf(configs)['secret/keys']);
      // What has no pods of its own uses no configuration.
      return began && configs !== undefined && follows && known !== expectedOf(secret)
        ? `it goes live with ${known}, and the Secret has ${expectedOf(secret)}`
        : undefined;
    },
  },
];
