// What there is for a Canary that does not exist. Commands wait, because it may be created yet, until they expire; then they
// are told so, and in the end deleted. Routes that no owner could take along are deleted. Observes, decides and acts like a
// pass, but there is no status to write to.
import { tendCommand } from './act/commands.ts';
import { deleteLeftRoutes } from './act/left-routes.ts';
import type { Cluster } from './cluster/cluster.ts';
import { decideOrphans } from './decide/collect-commands.ts';
import type { AuthorCheck } from './observe/author.ts';
import { claimedBy } from './observe/caches.ts';
import type { Caches } from './observe/caches.ts';
import { Stalled } from './model/errors.ts';
import { commandsFor, seenCommands } from './observe/command-view.ts';

/** What was written does not show yet. */
const UNSEEN_AGAIN_MS = 5_000;
/** The server lets nobody write it; there is no object to say so on. */
const REFUSED_AGAIN_MS = 30_000;

interface OrphanParts {
  readonly cluster: Cluster;
  readonly caches: Caches;
  readonly authors: AuthorCheck;
  readonly nowMs: () => number;
}

/** When to look again; undefined: there is nothing to wait for. */
export async function tendOrphans(
  { cluster, caches, authors, nowMs }: OrphanParts,
  key: string,
): Promise<number | undefined> {
  const [namespace = '', name = ''] = key.split('/');
  const views = commandsFor(caches, { namespace, name });
  const stamped = await authors.stamped(views);
  const now = nowMs();
  const commands = seenCommands(views, { createdAt: undefined, stamped });
  const { actions, wakeAtMs } = decideOrphans({ canary: name, nowMs: now, commands });
  const left = claimedBy(caches, key);
  const refused = await Promise.all([
    ...actions.map((action) => isRefused(tendCommand({ cluster, caches }, namespace, action))),
    isRefused(deleteLeftRoutes(cluster, left, { namespace, name })),
  ]);
  if (refused.includes(true)) {
    return now + REFUSED_AGAIN_MS;
  }
  return actions.length === 0 ? wakeAtMs : now + UNSEEN_AGAIN_MS;
}

async function isRefused(written: Promise<void>): Promise<boolean> {
  try {
    await written;
    return false;
  } catch (error) {
    if (error instanceof Stalled) {
      return true;
    }
    throw error;
  }
}
