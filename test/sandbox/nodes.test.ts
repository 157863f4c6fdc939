import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { startNodes } from '../../src/sandbox/nodes.ts';
import type { Nodes } from '../../src/sandbox/nodes.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';
import { Store } from '../../src/sandbox/store.ts';
import { clusterResources } from '../../src/sandbox/store/built-in.ts';

const cart = { namespace: 'shop', name: 'cart' };

function deployment(env: Record<string, string> = {}, spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...cart },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'cart' } },
      template: template('1.0', env),
      ...spec,
    },
  };
}

function template(version: string, env: Record<string, string> = {}): Record<string, unknown> {
  return {
    metadata: { labels: { app: 'cart' } },
    spec: {
      containers: [
        {
          name: 'cart',
          image: `registry.example:5000/cart:${version}`,
          ports: [{ containerPort: 8080 }],
          env: Object.entries(env).map(([name, value]) => ({ name, value })),
        },
      ],
    },
  };
}

const Status = z.record(z.string(), z.unknown()).prefault({});

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...cart },
  spec: { selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 8080 }] },
};

/** Resolves when the claim holds; the test's own timeout is the limit. */
async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await claim())) {
    await sleep(5);
  }
}

describe('the pretend nodes', () => {
  let nodes: Nodes | undefined;
  let cluster: Cluster;
  const errors: unknown[] = [];

  afterEach(async () => {
    await nodes?.stop();
    expect(errors).toEqual([]);
  });

  async function start(...objects: KubeObject[]): Promise<void> {
    cluster = new StoreCluster(new Store({ now: () => Date.now(), newUid: randomUUID }));
    for (const object of objects) {
      await cluster.create(object.kind === 'Service' ? resources.services : resources.deployments, object);
    }
    nodes = startNodes({ cluster, startMs: [5, 20], drainMs: 10, onError: (error) => errors.push(error) });
    await nodes.listed;
  }

  const serving = (): string[] => (nodes?.endpoints(cart) ?? []).map(({ version }) => version);
  const status = async (): Promise<z.infer<typeof Status>> => {
    const found = await cluster.get(resources.deployments, cart);
    return Status.parse(found?.['status']);
  };
  const patch = (spec: Record<string, unknown>): Promise<KubeObject> =>
    cluster.patch(resources.deployments, cart, { kind: 'merge', body: { spec } });

  it('runs a Deployment as HTTP servers of their own address and reports it available', async () => {
    await start(deployment(), service);
    await until(async () => (await status())['availableReplicas'] === 2);
    expect(await status()).toMatchObject({
      observedGeneration: 1,
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
    });

    const endpoints = nodes?.endpoints(cart) ?? [];
    expect(new Set(endpoints.map(({ host, port }) => `${host}:${port}`)).size).toBe(2);
    for (const { pod, host, port } of endpoints) {
      const reply = await fetch(`http://${host}:${port}/`);
      expect(reply.status).toBe(200);
      expect([reply.headers.get('x-pod'), reply.headers.get('x-version')]).toEqual([pod, '1.0']);
      expect(pod).toMatch(/^cart-[a-z0-9]+-[a-z0-9]+$/);
    }
  });

  it('shows its pods as objects, owned by the Deployment, and replaces one that is deleted', async () => {
    await start(deployment(), service);
    const ready = async (): Promise<string[]> =>
      (await cluster.list(clusterResources.pods)).items
        .filter((pod) => JSON.stringify(pod['status']).includes('"type":"Ready","status":"True"'))
        .map(({ metadata }) => metadata.name);
    await until(async () => (await ready()).length === 2);
    const [first = '', second = ''] = await ready();
    const owner = await cluster.get(resources.deployments, cart);
    expect(
      (await cluster.get(clusterResources.pods, { namespace: 'shop', name: first }))?.metadata,
    ).toMatchObject({
      labels: { app: 'cart', 'pod-template-hash': expect.any(String) },
      ownerReferences: [{ kind: 'Deployment', name: 'cart', uid: owner?.metadata.uid, controller: true }],
    });
    await cluster.delete(clusterResources.pods, { namespace: 'shop', name: first });
    await until(async () => (await ready()).length === 2 && !(await ready()).includes(first));
    expect(await ready()).toContain(second);
  });

  it('rolls to a new version without a moment when nobody serves', async () => {
    await start(deployment(), service);
    await until(() => serving().length === 2);
    await patch({ template: template('1.1') });
    const seen = new Set<string>();
    await until(() => {
      expect(serving().length).toBeGreaterThanOrEqual(1);
      seen.add(serving().sort().join());
      return serving().join() === '1.1,1.1';
    });
    await until(async () => (await status())['replicas'] === 2 && (await status())['updatedReplicas'] === 2);
    expect(await status()).toMatchObject({ observedGeneration: 2, availableReplicas: 2 });
  });

  it('takes a pod out of the endpoints at once, yet lets it answer what it has', async () => {
    await start(deployment({ LATENCY_MS: '60' }, { replicas: 1 }), service);
    await until(() => serving().length === 1);
    const [endpoint] = nodes?.endpoints(cart) ?? [];
    const reply = fetch(`http://${endpoint?.host}:${endpoint?.port}/`);
    await patch({ replicas: 0 });
    await until(() => serving().length === 0);
    expect((await reply).status).toBe(200);
    await until(async () => (await cluster.list(clusterResources.pods)).items.length === 0);
    expect(await status()).not.toHaveProperty('replicas');
  });

  it('answers the declared share of requests with an error, spread evenly', async () => {
    await start(deployment({ ERROR_RATE: '0.25', ERROR_STATUS: '503' }, { replicas: 1 }), service);
    await until(() => serving().length === 1);
    const [endpoint] = nodes?.endpoints(cart) ?? [];
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) {
      statuses.push((await fetch(`http://${endpoint?.host}:${endpoint?.port}/`)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 503, 200, 200, 200, 503]);
  });

  it('keeps pods that never become ready out of the endpoints, and says so in the status', async () => {
    await start(deployment({ NEVER_READY: 'true' }), service);
    await until(
      async () => (await status())['unavailableReplicas'] === 2 && (await status())['replicas'] === 2,
    );
    expect(await status()).toMatchObject({
      conditions: [
        { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' },
        { status: 'True' },
      ],
    });
    expect(serving()).toEqual([]);
  });

  it('finds pods by the Service that is there now', async () => {
    await start(deployment());
    expect(nodes?.hasService(cart)).toBe(false);
    await cluster.create(resources.services, service);
    await until(() => serving().length === 2);
    await cluster.patch(resources.services, cart, {
      kind: 'merge',
      body: { spec: { selector: { app: 'other' } } },
    });
    await until(() => serving().length === 0);
    await cluster.delete(resources.services, cart);
    await until(() => nodes?.hasService(cart) === false);
  });

  it('ends the pods of a Deployment that is deleted', async () => {
    await start(deployment(), service);
    await until(() => serving().length === 2);
    await cluster.delete(resources.deployments, cart);
    await until(() => serving().length === 0);
    await until(async () => (await cluster.list(clusterResources.pods)).items.length === 0);
  });
});
