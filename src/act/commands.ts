// What is written to a CanaryCommand: its answer, and in the end its deletion. A command that is gone needs neither.
import type { CommandRecord } from '../api/status.ts';
import { isApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Action } from '../model/decision.ts';
import { keyOf, resources } from '../model/kube.ts';
import type { Caches } from '../observe/caches.ts';
import { translated } from './apply.ts';

interface Desk {
  readonly cluster: Cluster;
  readonly caches: Pick<Caches, 'commands'>;
}

export type CommandAction = Extract<Action, { kind: 'answerCommand' | 'deleteCommand' }>;

export function isCommandAction(action: Action): action is CommandAction {
  return action.kind === 'answerCommand' || action.kind === 'deleteCommand';
}

export async function tendCommand(desk: Desk, namespace: string, action: CommandAction): Promise<void> {
  if (action.kind === 'answerCommand') {
    await answerCommand(desk, namespace, action.answer);
    return;
  }
  const { name, uid } = action;
  await translated(`delete the command ${name}`, () =>
    desk.cluster.delete(resources.canaryCommands, { namespace, name }, { uid }),
  );
}

async function answerCommand(
  { cluster, caches }: Desk,
  namespace: string,
  answer: CommandRecord,
): Promise<void> {
  const { uid, name, result, message, author, at, run } = answer;
  const known = caches.commands.entry(keyOf({ namespace, name }));
  if (known?.uid !== uid) {
    return;
  }
  const status = { result, message, author, at, ...(run === undefined ? {} : { run }) };
  // The version guards against another command of that name: a UID is not looked at where status is written.
  const body = { metadata: { resourceVersion: known.resourceVersion }, status };
  await translated(`answer the command ${name}`, async () => {
    try {
      const key = { namespace, name };
      caches.commands.put(
        await cluster.patch(
          resources.canaryCommands,
          key,
          { kind: 'merge', body },
          { subresource: 'status' },
        ),
      );
    } catch (error) {
      if (!isApiError(error, 404)) {
        throw error;
      }
    }
  });
}
