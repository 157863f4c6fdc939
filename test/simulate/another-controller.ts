// Flagger is not quite gone: now and then it writes the status, as the API server notes.
import { resources } from '../../src/model/kube.ts';
import { isoFromMs } from '../../src/model/time.ts';
import type { Habit } from './habits.ts';
import { APP, NAMESPACE } from './targets.ts';
import type { World } from './world.ts';

export const anotherController: Habit = {
  name: 'lets another controller write the status',
  act: (world) => {
    if (world.canary() === undefined) {
      return undefined;
    }
    note(world, world.nowMs);
    return 'lets another controller write the status';
  },
};

/** It is stopped at last, long ago. */
export function stopOthers(world: World): void {
  if (world.canary()?.metadata['managedFields'] !== undefined) {
    note(world, 0);
  }
}

function note(world: World, atMs: number): void {
  const key = { namespace: NAMESPACE, name: APP };
  const time = isoFromMs(atMs);
  const entry = { manager: 'flagger', operation: 'Update', subresource: 'status', time, fieldsV1: {} };
  const body = { metadata: { managedFields: [entry] } };
  world.store.patch(resources.canaries, key, { kind: 'merge', body });
}
