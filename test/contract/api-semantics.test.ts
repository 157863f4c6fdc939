import { randomUUID } from 'node:crypto';
import { describe, it } from '@jest/globals';
import { connect } from '../../src/cluster/connect.ts';
import { createHttpCluster } from '../../src/cluster/http-cluster.ts';
import { createTransport } from '../../src/cluster/transport.ts';
import { startApiServer } from '../../src/sandbox/api-server.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';
import { Store } from '../../src/sandbox/store.ts';
import { clusterResources } from '../../src/sandbox/store/built-in.ts';
import { collectGarbage } from '../../src/sandbox/store/garbage.ts';
import { readSchema } from '../../src/sandbox/store/schema-rules.ts';
import { itHasApiSemantics, type ClusterUnderTest } from './api-semantics.ts';

const { namespaces } = clusterResources;

function newStore(namespace: string): Store {
  const store = new Store({
    now: () => Date.now(),
    newUid: randomUUID,
    readSchema,
    namespaces: 'required',
    freeze: true,
  });
  store.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  store.compact();
  return store;
}

itHasApiSemantics('the store', () => {
  const store = newStore('contract');
  return Promise.resolve({
    cluster: new StoreCluster(store),
    namespace: 'contract',
    collectGarbage: () => collectGarbage(store),
    close: () => Promise.resolve(),
  });
});

itHasApiSemantics('the sandbox over HTTP', async () => {
  const store = newStore('contract');
  const server = await startApiServer({ store });
  const transport = createTransport({
    server: server.url,
    userAgent: 'contract',
    credentials: () => Promise.resolve({ headers: {}, tls: {} }),
  });
  return {
    cluster: createHttpCluster({ transport }),
    namespace: 'contract',
    collectGarbage: () => collectGarbage(store),
    close: async () => {
      await transport.close();
      await server.stop();
    },
  };
});

const kubeconfig = process.env['SERIN_TEST_APISERVER'];

if (kubeconfig === undefined) {
  describe.skip('API semantics of a real API server (SERIN_TEST_APISERVER names no kubeconfig)', () => {
    it('has them', () => {});
  });
} else {
  itHasApiSemantics('a real API server', async (): Promise<ClusterUnderTest> => {
    const connection = connect({ kubeconfig });
    const { cluster } = connection;
    const name = `contract-${randomUUID().slice(0, 8)}`;
    await cluster.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return {
      cluster,
      namespace: name,
      close: async () => {
        await cluster.delete(namespaces, { name });
        await connection.close();
      },
    };
  });
}
