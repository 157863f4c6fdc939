import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { connect } from '../../src/cluster/connect.ts';
import type { Connection } from '../../src/cluster/connect.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { httpRoutes } from '../../src/sandbox/http-route.ts';
import { startLoad } from '../../src/sandbox/load.ts';
import type { Load } from '../../src/sandbox/load.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { clusterResources } from '../../src/sandbox/store/built-in.ts';

/** Resolves when the claim holds; the test's own timeout is the limit. */
async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await claim())) {
    await sleep(10);
  }
}

function object(kind: string, name: string, spec: unknown, apiVersion = 'v1'): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: 'shop' }, spec };
}

function deployment(name: string, version: string): KubeObject {
  return object(
    'Deployment',
    name,
    {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: `cart:${version}`, ports: [{ containerPort: 8080 }] }] },
      },
    },
    'apps/v1',
  );
}

function routeSpec(primary: number, canary: number): unknown {
  return {
    parentRefs: [{ name: 'public' }],
    hostnames: ['cart.example.com'],
    rules: [
      {
        backendRefs: [
          { name: 'cart-primary', port: 80, weight: primary },
          { name: 'cart-canary', port: 80, weight: canary },
        ],
      },
    ],
  };
}

describe('the sandbox', () => {
  let sandbox: Sandbox;
  let connection: Connection;
  let cluster: Cluster;
  let folder: string;
  let load: Load | undefined;

  beforeEach(async () => {
    sandbox = await startSandbox({ podStartMs: [10, 50] });
    folder = await mkdtemp(join(tmpdir(), 'serin-sandbox-'));
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, sandbox.kubeconfig);
    connection = connect({ kubeconfig });
    ({ cluster } = connection);
  });

  afterEach(async () => {
    await load?.stop();
    load = undefined;
    await connection.close();
    await sandbox.stop();
    await rm(folder, { recursive: true });
  });

  async function deploy(): Promise<void> {
    for (const [name, version] of [
      ['cart-primary', '1.0'],
      ['cart', '1.1'],
    ] as const) {
      const selector = { app: name };
      const service = name === 'cart' ? 'cart-canary' : name;
      await cluster.create(
        resources.services,
        object('Service', service, { selector, ports: [{ port: 80 }] }),
      );
      await cluster.create(resources.deployments, deployment(name, version));
    }
    await cluster.create(
      httpRoutes,
      object('HTTPRoute', 'cart', routeSpec(100, 0), 'gateway.networking.k8s.io/v1'),
    );
  }

  const available = async (name: string): Promise<boolean> => {
    const found = await cluster.get(resources.deployments, { namespace: 'shop', name });
    return JSON.stringify(found?.['status'] ?? {}).includes('"availableReplicas":2');
  };
  const shift = (primary: number, canary: number): Promise<KubeObject> =>
    cluster.patch(
      httpRoutes,
      { namespace: 'shop', name: 'cart' },
      { kind: 'merge', body: { spec: routeSpec(primary, canary) } },
    );
  const ask = async (query: string): Promise<string> =>
    (
      await fetch(`${sandbox.prometheusUrl}/api/v1/query?${new URLSearchParams({ query }).toString()}`)
    ).text();

  it('loses no request while weights move and pods are replaced', async () => {
    await deploy();
    await until(async () => (await available('cart-primary')) && (await available('cart')));
    load = startLoad({ url: sandbox.gatewayUrl, host: 'cart.example.com', ratePerSecond: 200 });
    const served = (version: string): number => load?.counts().byVersion[version]?.requests ?? 0;
    await until(() => served('1.0') > 20);
    expect(served('1.1')).toBe(0);

    await shift(50, 50);
    await until(() => served('1.1') > 50);
    await shift(0, 100);
    const { spec } = deployment('cart-primary', '1.1');
    await cluster.patch(
      resources.deployments,
      { namespace: 'shop', name: 'cart-primary' },
      { kind: 'merge', body: { spec } },
    );
    await until(async () => {
      const pods = await cluster.list(clusterResources.pods);
      return !JSON.stringify(pods.items).includes('cart:1.0');
    });
    await shift(100, 0);
    const before = served('1.1');
    await until(() => served('1.1') > before + 50);
    await load.stop();
    expect(load.counts()).toMatchObject({ failed: 0, byStatus: { 200: load.counts().requests } });
  });

  it('answers the built-in queries from what the gateway saw', async () => {
    await deploy();
    await until(async () => (await available('cart-primary')) && (await available('cart')));
    await shift(50, 50);
    load = startLoad({ url: sandbox.gatewayUrl, host: 'cart.example.com', ratePerSecond: 200 });
    const pods = 'kubernetes_namespace="shop",kubernetes_pod_name=~"cart-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"';
    const count = `http_request_duration_seconds_count{${pods}`;
    const success = `sum(rate(${count},status!~"5.*"}[10s])) / sum(rate(${count}}[10s])) * 100`;
    await until(async () => (await ask(success)).includes('"100"'));
    expect(JSON.parse(await ask(success))).toMatchObject({
      data: { result: [{ metric: {}, value: [{}, '100'] }] },
    });
  });

  it('collects what its owner leaves behind, pods included', async () => {
    await deploy();
    const owner = await cluster.get(resources.deployments, { namespace: 'shop', name: 'cart' });
    const reference = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'cart',
      uid: owner?.metadata.uid ?? '',
    };
    const owned = object('ConfigMap', 'owned', undefined);
    await cluster.create(resources.configMaps, {
      ...owned,
      metadata: { ...owned.metadata, ownerReferences: [reference] },
    });
    await until(() => available('cart'));
    await cluster.delete(resources.deployments, { namespace: 'shop', name: 'cart' });
    await until(
      async () =>
        (await cluster.list(resources.configMaps)).items.length === 0 &&
        (await cluster.list(clusterResources.pods)).items.every(({ metadata }) =>
          metadata.name.startsWith('cart-primary-'),
        ),
    );
  });

  it('knows the kinds of Serin with their schemas', async () => {
    const canary = object('Canary', 'cart', { analysis: {} }, 'flagger.app/v1beta1');
    await expect(cluster.create(resources.canaries, canary)).rejects.toMatchObject({ status: 422 });
  });

  it('leaves nothing open when it stops: a process that does nothing else ends', async () => {
    const module = new URL('../../src/sandbox/sandbox.ts', import.meta.url).href;
    const script = `const { startSandbox } = await import(${JSON.stringify(module)});
      const sandbox = await startSandbox();
      await fetch(sandbox.gatewayUrl);
      await sandbox.stop();
      console.log('stopped');`;
    // It is killed, and this rejects, where it does not end by itself.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--no-warnings', '--input-type=module', '-e', script],
      { timeout: 20_000 },
    );
    expect(stdout.trim()).toBe('stopped');
  });
});
