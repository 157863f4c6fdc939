import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { listenOn } from '../../src/sandbox/listener.ts';
import { startLoad } from '../../src/sandbox/load.ts';
import type { Load } from '../../src/sandbox/load.ts';

async function untilSent(load: Load, requests: number): Promise<void> {
  while (load.counts().requests < requests) {
    await sleep(5);
  }
}

describe('the load generator', () => {
  const stops: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) {
      await stop();
    }
  });

  /** Answers 200, 200, 503, and again; the caller decides how long each answer takes. */
  async function startServer(
    latencyMs = 0,
  ): Promise<{ url: string; connections: Set<unknown>; hosts: Set<unknown> }> {
    const connections = new Set<unknown>();
    const hosts = new Set<unknown>();
    let served = 0;
    const server = createServer((request, response) => {
      hosts.add(request.headers.host);
      served += 1;
      const status = served % 3 === 0 ? 503 : 200;
      setTimeout(
        () => response.writeHead(status, { 'x-pod': 'web-a-b', 'x-version': '1.0' }).end('ok'),
        latencyMs,
      );
    });
    server.on('connection', (socket) => connections.add(socket));
    const listener = await listenOn(server, { host: '127.0.0.1', port: 0 });
    stops.push(() => listener.stop());
    return { url: listener.url, connections, hosts };
  }

  it('counts answers by pod, version and status, and failures among them', async () => {
    const { url, hosts } = await startServer();
    const load = startLoad({ url, host: 'web.example.com', ratePerSecond: 400 });
    await untilSent(load, 30);
    await load.stop();
    const { requests, failed, byPod, byVersion, byStatus } = load.counts();
    expect(failed).toBe(Math.floor(requests / 3));
    expect(byPod).toEqual({ 'web-a-b': { requests, failed } });
    expect(byVersion).toEqual({ '1.0': { requests, failed } });
    expect(byStatus).toEqual({ '200': requests - failed, '503': failed });
    expect([...hosts]).toEqual(['web.example.com']);
  });

  it('never has more requests on their way than it may, and keeps connections open', async () => {
    const { url, connections } = await startServer(20);
    const load = startLoad({ url, host: 'web', ratePerSecond: 2000, maxInFlight: 3 });
    await untilSent(load, 12);
    await load.stop();
    expect(connections.size).toBeLessThanOrEqual(3);
  });

  it('counts what nobody answers as failed', async () => {
    const load = startLoad({ url: 'http://127.0.0.1:1', host: 'web', ratePerSecond: 400 });
    await untilSent(load, 3);
    await load.stop();
    const { requests, failed, byStatus } = load.counts();
    expect(failed).toBe(requests);
    expect(byStatus).toEqual({ '0': requests });
  });

  it('sends nothing after it has stopped', async () => {
    const { url } = await startServer();
    const load = startLoad({ url, host: 'web', ratePerSecond: 400 });
    await untilSent(load, 3);
    await load.stop();
    const { requests } = load.counts();
    await sleep(30);
    expect(load.counts().requests).toBe(requests);
  });
});
