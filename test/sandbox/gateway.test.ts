import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request as sendRequest } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, ObjectKey } from '../../src/model/kube.ts';
import { startApp } from '../../src/sandbox/app.ts';
import { startGateway } from '../../src/sandbox/gateway.ts';
import { httpProxies } from '../../src/sandbox/http-proxy.ts';
import { httpRoutes } from '../../src/sandbox/http-route.ts';
import type { Listener } from '../../src/sandbox/listener.ts';
import type { Endpoint } from '../../src/sandbox/pod.ts';
import { routeDefinitions } from '../../src/sandbox/route-kinds.ts';
import { answerQuery } from '../../src/sandbox/prometheus.ts';
import { gatewayApiV1 } from '../../src/traffic/gateway-api.ts';
import { routeOf, specOf, wishOf } from '../traffic/wish.ts';
import { Samples } from '../../src/sandbox/samples.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';
import { Store } from '../../src/sandbox/store.ts';

/** Resolves when the claim holds; the test's own timeout is the limit. */
async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await claim())) {
    await sleep(5);
  }
}

const behaviour = {
  errorRate: 0,
  errorStatus: 500,
  latencyMs: 0,
  neverReady: false,
  startMs: undefined,
  port: 0,
};

const service = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});

const route = (primary: number, canary: number): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: {
    parentRefs: [{ name: 'public', namespace: 'edge' }],
    hostnames: ['cart.example.com'],
    rules: [
      {
        backendRefs: [
          { name: 'cart-primary', port: 80, weight: primary },
          { name: 'cart-canary', port: 80, weight: canary },
        ],
      },
    ],
  },
});

const proxy = (name: string, spec: unknown): KubeObject => ({
  apiVersion: 'projectcontour.io/v1',
  kind: 'HTTPProxy',
  metadata: { name, namespace: 'shop' },
  spec,
});

describe('the gateway', () => {
  const stops: (() => unknown)[] = [];
  const pods = new Map<string, Endpoint[]>();
  let samples: Samples;
  let cluster: Cluster;
  let gateway: Listener;
  let agent: Agent;

  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) {
      await stop();
    }
    pods.clear();
  });

  async function startPod(serviceName: string, pod: string, errorRate = 0): Promise<void> {
    const address = { host: '127.0.0.1', port: 0 };
    const app = await startApp(pod, { ...behaviour, version: '1.0', errorRate }, address);
    stops.push(() => app.stop());
    const endpoint = { pod, version: '1.0', host: app.host, port: app.port };
    pods.set(serviceName, [...(pods.get(serviceName) ?? []), endpoint]);
  }

  const endpoints = ({ name }: ObjectKey): readonly Endpoint[] => pods.get(name) ?? [];

  async function start(): Promise<void> {
    agent = new Agent({ keepAlive: true });
    stops.push(() => agent.destroy());
    cluster = new StoreCluster(new Store({ now: () => Date.now(), newUid: randomUUID }));
    for (const definition of routeDefinitions) {
      await cluster.create(resources.customResourceDefinitions, definition);
    }
    for (const name of ['cart', 'cart-primary', 'cart-canary']) {
      await cluster.create(resources.services, service(name));
    }
    samples = new Samples(Date.now() - 1000);
    gateway = await startGateway({ cluster, endpoints, samples });
    stops.push(() => gateway.stop());
  }

  interface Reply {
    readonly status: number;
    readonly pod: string;
    readonly cookies: readonly string[];
  }

  function send(
    host = 'cart.example.com',
    path = '/',
    extra: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = sendRequest(`${gateway.url}${path}`, { headers: { host, ...extra }, agent }, (reply) => {
        const { statusCode: status = 0, headers } = reply;
        reply.resume();
        reply.on('end', () =>
          resolve({ status, pod: String(headers['x-pod'] ?? ''), cookies: headers['set-cookie'] ?? [] }),
        );
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  async function sendMany(count: number, host?: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const { status, pod } = await send(host);
      const key = pod === '' ? String(status) : pod;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  const statusOf = async (resource: typeof httpRoutes, name: string): Promise<string> =>
    JSON.stringify((await cluster.get(resource, { namespace: 'shop', name }))?.['status'] ?? {});

  it('splits requests exactly by the weights of an HTTPRoute, and by new ones once it has said so', async () => {
    await start();
    await startPod('cart-primary', 'cart-primary-a-1');
    await startPod('cart-primary', 'cart-primary-a-2');
    await startPod('cart-canary', 'cart-b-1');
    await cluster.create(httpRoutes, route(90, 10));
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('"observedGeneration":1'));
    expect(await sendMany(100)).toEqual({ 'cart-primary-a-1': 45, 'cart-primary-a-2': 45, 'cart-b-1': 10 });

    const { spec } = route(0, 100);
    await cluster.patch(httpRoutes, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body: { spec } });
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('"observedGeneration":2'));
    expect(await sendMany(10)).toEqual({ 'cart-b-1': 10 });
  });

  const sticky = specOf({
    service: { hosts: ['cart.example.com'], gatewayRefs: [{ name: 'public' }] },
    analysis: { mirror: true, sessionAffinity: { cookieName: 'cart-track', maxAge: 60 } },
  });

  /** As Serin writes it. */
  const wished = (parts: Parameters<typeof wishOf>[1]): KubeObject =>
    routeOf(gatewayApiV1).render(wishOf(sticky, parts));

  it('keeps whoever has met the canary with it, and makes him forget when the run is over', async () => {
    await start();
    await startPod('cart-primary', 'cart-primary-a-1');
    await startPod('cart-canary', 'cart-b-1');
    const inRun = wished({
      split: { primary: 90, canary: 10 },
      affinity: { canary: 'cart-track=QwErTyUiOp' },
    });
    await cluster.create(httpRoutes, inRun);
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('"observedGeneration":1'));
    const strangers = await Promise.all(Array.from({ length: 10 }, () => send()));
    const met = strangers.filter(({ pod }) => pod === 'cart-b-1');
    expect(met.map(({ cookies }) => cookies)).toEqual([['cart-track=QwErTyUiOp; Max-Age=60']]);
    expect(strangers.filter(({ cookies }) => cookies.length > 0)).toHaveLength(1);
    const cookie = 'theme=dark; cart-track=QwErTyUiOp';
    const back = await Promise.all(Array.from({ length: 10 }, () => send(undefined, '/', { cookie })));
    expect(new Set(back.map(({ pod }) => pod))).toEqual(new Set(['cart-b-1']));

    const { spec } = wished({ affinity: { previous: 'cart-track=QwErTyUiOp' } });
    await cluster.patch(httpRoutes, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body: { spec } });
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('"observedGeneration":2'));
    expect(await send(undefined, '/', { cookie })).toEqual({
      status: 200,
      pod: 'cart-primary-a-1',
      cookies: ['cart-track=QwErTyUiOp; Max-Age=-1'],
    });
    expect((await send()).cookies).toEqual([]);
  });

  it('copies a share of the requests to the canary, whose answers nobody sees', async () => {
    await start();
    await startPod('cart-primary', 'cart-primary-a-1');
    await startPod('cart-canary', 'cart-b-1', 1);
    await cluster.create(httpRoutes, wished({ mirrorPercent: 25 }));
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('"observedGeneration":1'));

    expect(await sendMany(20)).toEqual({ 'cart-primary-a-1': 20 });
    await until(() => {
      samples.scrape(Date.now());
      const copies = 'sum(increase(http_request_duration_seconds_count{kubernetes_pod_name="cart-b-1"}[1m]))';
      const { body } = answerQuery(samples, copies, { time: null, nowMs: Date.now() });
      return JSON.stringify(body).includes('"5"');
    });
  });

  it('keeps what it said about a route while nothing changes, and says it again when somebody takes it away', async () => {
    await start();
    await cluster.create(httpRoutes, route(100, 0));
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('ResolvedRefs'));
    const version = async (): Promise<string | undefined> =>
      (await cluster.get(httpRoutes, { namespace: 'shop', name: 'cart' }))?.metadata.resourceVersion;
    const settled = await version();
    await cluster.create(resources.services, service('unrelated'));
    await send('unrelated.shop');
    expect(await version()).toBe(settled);

    await cluster.patch(
      httpRoutes,
      { namespace: 'shop', name: 'cart' },
      { kind: 'merge', body: { status: { parents: null } } },
      { subresource: 'status' },
    );
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('ResolvedRefs'));
  });

  it('serves an HTTPProxy that a root includes', async () => {
    await start();
    await startPod('cart-primary', 'cart-primary-a-1');
    await startPod('cart-canary', 'cart-b-1');
    const services = [
      { name: 'cart-primary', port: 80, weight: 50 },
      { name: 'cart-canary', port: 80, weight: 50 },
    ];
    await cluster.create(
      httpProxies,
      proxy('cart', { routes: [{ conditions: [{ prefix: '/' }], services }] }),
    );
    await until(async () => (await statusOf(httpProxies, 'cart')).includes('orphaned'));
    const virtualhost = { fqdn: 'cart.example.com' };
    await cluster.create(httpProxies, proxy('root', { virtualhost, includes: [{ name: 'cart' }] }));
    await until(async () => (await statusOf(httpProxies, 'cart')).includes('"currentStatus":"valid"'));
    expect(await sendMany(10)).toEqual({ 'cart-primary-a-1': 5, 'cart-b-1': 5 });
  });

  it('follows a plain Service by its name where there is no route', async () => {
    await start();
    await startPod('cart', 'cart-primary-a-1');
    await until(async () => (await send('cart.shop.svc.cluster.local')).status === 200);
    expect(await sendMany(3, 'cart.shop')).toEqual({ 'cart-primary-a-1': 3 });
  });

  it('answers 404 without a route, 500 without a weight, 503 without a pod', async () => {
    await start();
    expect((await send('nobody.example.com')).status).toBe(404);
    await cluster.create(httpRoutes, route(0, 0));
    await until(async () => (await send()).status === 500);
    const { spec } = route(100, 0);
    await cluster.patch(httpRoutes, { namespace: 'shop', name: 'cart' }, { kind: 'merge', body: { spec } });
    await until(async () => (await send()).status === 503);
    pods.set('cart-primary', [{ pod: 'cart-primary-a-1', version: '1.0', host: '127.0.0.1', port: 1 }]);
    expect((await send()).status).toBe(503);
  });

  it('counts by Service and pod under the names that the built-in queries ask for', async () => {
    await start();
    await startPod('cart-primary', 'cart-primary-abc-xyz');
    await startPod('cart-canary', 'cart-def-uvw', 0.5);
    await cluster.create(httpRoutes, route(50, 50));
    await until(async () => (await statusOf(httpRoutes, 'cart')).includes('ResolvedRefs'));
    await sendMany(40);
    samples.scrape(Date.now());
    const ask = (query: string): unknown => {
      const { body } = answerQuery(samples, query, { time: null, nowMs: Date.now() });
      return JSON.parse(JSON.stringify(body)).data.result.map(({ value }: { value: unknown[] }) =>
        Number(value[1]),
      );
    };
    const http = 'kubernetes_namespace="shop",kubernetes_pod_name=~"cart-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"';
    const envoy = 'envoy_cluster_name=~"shop_cart-canary_[0-9a-zA-Z-]+"';
    const share = (metric: string, all: string, good: string): unknown =>
      ask(`sum(rate(${metric}{${all},${good}}[1m])) / sum(rate(${metric}{${all}}[1m])) * 100`);
    expect(share('http_request_duration_seconds_count', http, 'status!~"5.*"')).toEqual([50]);
    expect(share('envoy_cluster_upstream_rq', envoy, 'envoy_response_code!~"5.*"')).toEqual([50]);
    expect(ask(`sum(increase(http_request_duration_seconds_count{${http}}[1m]))`)).toEqual([20]);
    const quantile = (metric: string, all: string): unknown =>
      ask(`histogram_quantile(0.99, sum(rate(${metric}{${all}}[1m])) by (le))`);
    expect(quantile('http_request_duration_seconds_bucket', http)).toEqual([expect.any(Number)]);
    expect(quantile('envoy_cluster_upstream_rq_time_bucket', envoy)).toEqual([expect.any(Number)]);
  });
});
