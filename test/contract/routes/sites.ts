// Where routes are tried: the sandbox over HTTP, and a real API server.
import { randomUUID } from 'node:crypto';
import type { Cluster } from '../../../src/cluster/cluster.ts';
import { connect } from '../../../src/cluster/connect.ts';
import { createHttpCluster } from '../../../src/cluster/http-cluster.ts';
import { queryOf, resourcePath } from '../../../src/cluster/paths.ts';
import { createTransport } from '../../../src/cluster/transport.ts';
import { digest } from '../../../src/model/hash.ts';
import { resources, type KubeObject, type Resource } from '../../../src/model/kube.ts';
import { startApiServer } from '../../../src/sandbox/api-server.ts';
import { Store } from '../../../src/sandbox/store.ts';
import { readSchema } from '../../../src/sandbox/store/schema-rules.ts';
import { readKubeconfig } from '../../live/cluster-access.ts';
import { connectKube } from '../../live/kube.ts';
import { Lab } from '../api/lab.ts';
import type { RouteSite } from '../routes.ts';
import { ownDefinitions, servedBy } from './definitions.ts';

const { customResourceDefinitions } = resources;

/** @param open kinds that have no definition: of these no schema is looked at */
export async function sandboxSite(
  definitions: readonly KubeObject[],
  open: readonly Resource[] = [],
): Promise<RouteSite> {
  const store = new Store({
    now: () => Date.now(),
    newUid: randomUUID,
    readSchema,
    namespaces: 'required',
    freeze: true,
  });
  for (const definition of [...ownDefinitions(), ...definitions]) {
    store.create(customResourceDefinitions, definition);
  }
  for (const resource of open) {
    store.register(resource);
  }
  const server = await startApiServer({ store });
  const transport = createTransport({
    server: server.url,
    userAgent: 'contract',
    credentials: () => Promise.resolve({ headers: {}, tls: {} }),
  });
  return {
    cluster: createHttpCluster({ transport }),
    close: async () => {
      await transport.close();
      await server.stop();
    },
  };
}

export async function realSite(kubeconfig: string, definitions: readonly KubeObject[]): Promise<RouteSite> {
  const connection = connect({ kubeconfig });
  const kube = connectKube(await readKubeconfig(kubeconfig));
  await install(connection.cluster, [...ownDefinitions(), ...definitions]);
  const query = queryOf({ fieldValidation: 'Strict', dryRun: 'All' });
  return {
    cluster: connection.cluster,
    strictly: (resource, object) => {
      const { namespace } = object.metadata;
      return kube.request('POST', resourcePath(resource, { namespace }) + query, object);
    },
    close: async () => {
      await kube.close();
      await connection.close();
    },
  };
}

const MARK = 'serin.dev/test-definition';

/** In place of what is there under the same names; those that are there already stay. */
async function install(cluster: Cluster, definitions: readonly KubeObject[]): Promise<void> {
  const lab = new Lab();
  for (const definition of definitions) {
    const { name, annotations } = definition.metadata;
    const mark = digest(definition['spec']);
    const live = await cluster.get(customResourceDefinitions, { name });
    if (live?.metadata.annotations?.[MARK] === mark) {
      continue;
    }
    if (live !== undefined) {
      await cluster.delete(customResourceDefinitions, { name });
      await lab.eventually(async () =>
        (await cluster.get(customResourceDefinitions, { name })) === undefined ? true : undefined,
      );
    }
    await cluster.create(customResourceDefinitions, {
      ...definition,
      metadata: { ...definition.metadata, annotations: { ...annotations, [MARK]: mark } },
    });
  }
  for (const definition of definitions) {
    await lab.eventually(() => cluster.list(servedBy(definition), { limit: 1 }));
  }
}
