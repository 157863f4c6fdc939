// What Serin relies on in a Kubernetes API server, as one suite for everything that claims to be one.
// Nothing here knows which; where the embedded one and a real one differ, the embedded one is wrong.
import { afterAll, beforeAll, describe } from '@jest/globals';
import { isApiError, type Cluster } from '../../src/cluster/cluster.ts';
import { definitions, definitionsResource, gadgets, trinkets } from './api/gadgets.ts';
import { itAnswersReads } from './api/reads.ts';
import { itCompletesBuiltInKinds } from './api/built-in-kinds.ts';
import { itDeletes } from './api/deletes.ts';
import { itKeepsSchemas } from './api/schemas.ts';
import { itPatches } from './api/patches.ts';
import { itWatches } from './api/watches.ts';
import { itWrites } from './api/writes.ts';
import { Lab } from './api/lab.ts';

export interface ClusterUnderTest {
  readonly cluster: Cluster;
  /** Exists, and is the suite's own. */
  readonly namespace: string;
  /** Lets the garbage collector work now, where it does not by itself. */
  readonly collectGarbage?: () => void;
  close(): Promise<void>;
}

/** `makeCluster` gives a cluster of which resourceVersion 1 is long past. */
export function itHasApiSemantics(name: string, makeCluster: () => Promise<ClusterUnderTest>): void {
  describe(`API semantics of ${name}`, () => {
    const lab = new Lab();

    beforeAll(async () => {
      lab.use(await makeCluster());
      for (const definition of definitions) await installed(lab, definition);
    }, 120_000);

    afterAll(() => lab.close());

    describe('writes', () => itWrites(lab));
    describe('patches', () => itPatches(lab));
    describe('deletes', () => itDeletes(lab));
    describe('reads', () => itAnswersReads(lab));
    describe('watches', () => itWatches(lab));
    describe('schemas', () => itKeepsSchemas(lab));
    describe('built-in kinds', () => itCompletesBuiltInKinds(lab));
  });
}

/** A definition is served a moment after it is stored; another run may have left it. */
async function installed(lab: Lab, definition: (typeof definitions)[number]): Promise<void> {
  try {
    await lab.cluster.create(definitionsResource, definition);
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
  }
  for (const resource of [gadgets, trinkets]) {
    if (definition.metadata.name !== `${resource.plural}.${resource.group}`) continue;
    await lab.eventually(async () => {
      const page = await lab.cluster.list(resource, { namespace: lab.namespace });
      return page.items;
    });
  }
}
