// Whether the author of a command may be believed. An admission policy writes the user's name over whatever stands there;
// without one anybody can write anything. The cluster is asked to create such an object, dry: if it overwrites the author
// that stands in it, it has overwritten those of the others.
import { ApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Retry } from '../model/errors.ts';
import { objectOf, textOf } from '../model/json.ts';
import { apiVersionOf, resources } from '../model/kube.ts';
import type { CommandView } from './command-view.ts';

/** Nobody is called this. */
const NOBODY = 'serin.dev/nobody';

export interface AuthorCheck {
  /** UIDs of those of these commands whose author was stamped. Rejects with Retry. */
  stamped(commands: readonly CommandView[]): Promise<ReadonlySet<string>>;
}

/** Asks once for each command that is not answered and names an author. */
export function createAuthorCheck(cluster: Pick<Cluster, 'create'>): AuthorCheck {
  // By the view: it goes with the object, and an object that has changed is another one.
  const known = new WeakMap<CommandView, boolean>();
  return {
    async stamped(commands) {
      const claims = commands.filter(
        ({ claimedAuthor, answeredAtMs }) => claimedAuthor !== undefined && answeredAtMs === undefined,
      );
      const [fresh] = claims.filter((command) => !known.has(command));
      if (fresh !== undefined) {
        const stamps = await isStamping(cluster, fresh);
        for (const command of claims.filter((one) => !known.has(one))) {
          known.set(command, stamps);
        }
      }
      return new Set(claims.filter((command) => known.get(command) === true).map(({ uid }) => uid));
    },
  };
}

async function isStamping(
  cluster: Pick<Cluster, 'create'>,
  { namespace, uid }: CommandView,
): Promise<boolean> {
  try {
    const answer = await cluster.create(
      resources.canaryCommands,
      {
        apiVersion: apiVersionOf(resources.canaryCommands),
        kind: resources.canaryCommands.kind,
        metadata: { name: `serin-asks-${uid}`, namespace },
        spec: { canary: 'nobody', verb: 'pause', author: NOBODY },
      },
      { dryRun: true },
    );
    const author = textOf(objectOf(answer['spec'])['author']);
    return author !== undefined && author !== NOBODY;
  } catch (error) {
    if (error instanceof ApiError && error.status >= 400 && error.status < 429 && error.status !== 409) {
      return false;
    }
    throw new Retry('cannot find out whether authors of commands are stamped', { cause: error });
  }
}
