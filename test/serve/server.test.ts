import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { serve, type ServeOptions, type Serving } from '../../src/serve/server.ts';

let serving: Serving | undefined;
afterEach(async () => {
  await serving?.close();
  serving = undefined;
});

const limits = { readMs: 100, writeMs: 1000, idleMs: 1000, closeMs: 50 };

async function start(over: Partial<ServeOptions> = {}): Promise<Serving> {
  serving = await serve({
    port: 0,
    address: '127.0.0.1',
    metrics: { text: () => Promise.resolve('up 1\n'), contentType: 'text/plain; version=0.0.4' },
    standstill: () => undefined,
    readiness: () => ({ ready: true, text: 'caches synced, leader a' }),
    limits,
    ...over,
  });
  return serving;
}

async function ask({ port }: Serving, path: string, method = 'GET') {
  const asked = request({ host: '127.0.0.1', port, path, method });
  asked.end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
  }
  return { status: response.statusCode, type: response.headers['content-type'], body };
}

describe('the server', () => {
  it.each([
    ['/metrics', 'GET', { status: 200, type: 'text/plain; version=0.0.4', body: 'up 1\n' }],
    ['/metrics?x=1', 'GET', { status: 200, body: 'up 1\n' }],
    ['/healthz', 'GET', { status: 200, body: 'OK\n' }],
    ['/healthz', 'HEAD', { status: 200, body: '' }],
    ['/readyz', 'GET', { status: 200, body: 'caches synced, leader a\n' }],
    ['/', 'GET', { status: 404 }],
    ['/healthz/x', 'GET', { status: 404 }],
    ['/debug', 'POST', { status: 404 }],
    ['/metrics', 'POST', { status: 405 }],
  ])('%s %s', async (path, method, expected) => {
    expect(await ask(await start(), path, method)).toMatchObject(expected);
  });

  it('says that it is not ready, and that nothing moves', async () => {
    const unwell = await start({
      readiness: () => ({ ready: false, text: 'waits for canaries' }),
      standstill: () => 'no pass has ended for 10m',
    });
    expect(await ask(unwell, '/readyz')).toMatchObject({ status: 503, body: 'waits for canaries\n' });
    expect(await ask(unwell, '/healthz')).toMatchObject({ status: 503, body: 'no pass has ended for 10m\n' });
  });

  it('answers 500 without details where a page cannot be made', async () => {
    const broken = await start({
      metrics: { text: () => Promise.reject(new Error('secret')), contentType: 'text/plain' },
    });
    const { status, body } = await ask(broken, '/metrics');
    expect([status, body]).toEqual([500, 'internal error\n']);
  });

  it('does not wait for ever for a request', async () => {
    const { port } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += String(chunk);
    });
    await once(socket, 'close');
    expect(heard).toContain('408');
  });

  it('closes, with requests open too, and a taken port is an error', async () => {
    const open = await start({
      metrics: { text: () => new Promise(() => undefined), contentType: 'text/plain' },
    });
    await expect(start({ port: open.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const asked = request({ host: '127.0.0.1', port: open.port, path: '/metrics' });
    asked.end();
    await once(asked, 'socket');
    const ended = once(asked, 'error');
    await open.close();
    await ended;
  });
});
