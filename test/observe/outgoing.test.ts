import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { HttpRequest, SendResult } from '../../src/model/http.ts';
import { isReply } from '../../src/model/http.ts';
import { MAX_BODY_BYTES, createSender } from '../../src/observe/outgoing.ts';
import type { ProxySettings } from '../../src/observe/proxy.ts';
import { noProxies } from '../../src/observe/proxy.ts';
import { untrusted } from './certificate.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) {
    cleanup();
  }
});

/** A server on loopback; its address, without a slash at the end. */
async function serve(handler: Handler, configure?: (server: Server) => void): Promise<string> {
  const server = createServer(handler);
  configure?.(server);
  return `http://${await listen(server)}`;
}

async function serveTls(handler: Handler): Promise<string> {
  return `https://${await listen(createTlsServer(untrusted, handler))}`;
}

/** Host and port. */
async function listen(server: Server | TlsServer): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  return `127.0.0.1:${typeof bound === 'object' ? bound?.port : bound}`;
}

function requestTo(url: string, change: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    url,
    headers: {},
    timeoutMs: 5000,
    maxRedirects: 10,
    skipTlsVerify: false,
    useProxy: true,
    ...change,
  };
}

async function send(request: HttpRequest, proxies: ProxySettings = noProxies): Promise<SendResult> {
  const sender = createSender(proxies);
  cleanups.push(() => {
    sender.close();
  });
  return await sender.send(request, new AbortController().signal);
}

/** What arrives: method, path, headers, body. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
}

const Arrived = z.object({
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

function arrived(result: SendResult): z.infer<typeof Arrived> {
  if (!isReply(result)) {
    throw new Error(result.message);
  }
  return Arrived.parse(JSON.parse(result.body));
}

describe('one attempt', () => {
  it('sends what it is given, byte for byte, and nothing of ours', async () => {
    const address = await serve(echo);
    const body = ' {"b": 1,  "a": "ü"}\n';
    const headers = { 'Content-Type': 'application/json', 'X-Team': ['a', 'b'] };
    const seen = arrived(await send(requestTo(`${address}/p?q=%7B1%7D`, { method: 'POST', body, headers })));
    expect(seen).toMatchObject({ method: 'POST', url: '/p?q=%7B1%7D', body });
    expect(seen.headers).toMatchObject({
      'content-type': 'application/json',
      'x-team': 'a, b',
      'user-agent': 'serin',
    });
    expect(seen.headers['authorization']).toBeUndefined();
    expect(seen.headers['cookie']).toBeUndefined();
  });

  it.each([200, 204, 403, 429, 500])('gives back status %d', async (status) => {
    const address = await serve((_request, response) => {
      response.writeHead(status, { 'Retry-After': '7' }).end();
    });
    expect(await send(requestTo(address))).toEqual({ status, body: '', truncated: false, retryAfter: '7' });
  });

  it.each([
    [MAX_BODY_BYTES, false],
    [MAX_BODY_BYTES + 1, true],
    [10 * MAX_BODY_BYTES, true],
  ])('of %d bytes cuts off what is too much', async (length, truncated) => {
    const address = await serve((_request, response) => {
      response.end(Buffer.alloc(length, 'x'));
    });
    const result = await send(requestTo(address));
    expect(isReply(result) && [result.body.length, result.truncated]).toEqual([
      Math.min(length, MAX_BODY_BYTES),
      truncated,
    ]);
  });

  it('ends after its time, before the reply', async () => {
    const address = await serve(() => {
      // Never answers.
    });
    expect(await send(requestTo(`${address}/secret?token=x`, { timeoutMs: 30 }))).toEqual({
      failure: 'timeout',
      message: `no reply from ${address.slice(7)} within 30 ms`,
    });
  });

  it('ends after its time, in the middle of the reply', async () => {
    const address = await serve((_request, response) => {
      response.writeHead(200).write('half');
    });
    expect(await send(requestTo(address, { timeoutMs: 50 }))).toMatchObject({ failure: 'timeout' });
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    const address = await serve(() => {
      controller.abort();
    });
    const sender = createSender(noProxies);
    cleanups.push(() => {
      sender.close();
    });
    expect(await sender.send(requestTo(address), controller.signal)).toMatchObject({ failure: 'cancelled' });
    expect(await sender.send(requestTo(address), controller.signal)).toMatchObject({ failure: 'cancelled' });
  });

  it('tells a refused connection', async () => {
    const address = await serve(echo);
    cleanups.pop()?.();
    expect(await send(requestTo(`${address}/secret`))).toEqual({
      failure: 'connection',
      message: `no connection to ${address.slice(7)}: ECONNREFUSED`,
    });
  });

  it('tells a connection that breaks off', async () => {
    const address = await serve((request) => {
      request.socket.destroy();
    });
    expect(await send(requestTo(address))).toMatchObject({ failure: 'connection' });
  });

  it.each([
    ['not a url', 'an address that is no URL'],
    ['ftp://127.0.0.1:1/x', '127.0.0.1:1'],
  ])('tells an address that cannot be used: %s', async (url, host) => {
    const result = await send(requestTo(url));
    expect(result).toMatchObject({ failure: 'invalid' });
    expect('message' in result && result.message).toContain(host);
  });

  it('tells headers that cannot be sent, without repeating them', async () => {
    const address = await serve(echo);
    const result = await send(requestTo(address, { headers: { 'bad name': 'secret' } }));
    expect(result).toMatchObject({ failure: 'invalid' });
    expect('message' in result && result.message).not.toContain('secret');
  });
});

describe('connections', () => {
  it.each([
    ['GET', 1],
    ['POST', 3],
  ] as const)('of three %s requests are %d', async (method, count) => {
    let connections = 0;
    const address = await serve(echo, (server) => {
      server.on('connection', () => {
        connections += 1;
      });
    });
    const sender = createSender(noProxies);
    cleanups.push(() => {
      sender.close();
    });
    for (let index = 0; index < 3; index += 1) {
      expect(isReply(await sender.send(requestTo(address, { method }), new AbortController().signal))).toBe(
        true,
      );
    }
    expect(connections).toBe(count);
  });
});

describe('TLS', () => {
  it('is verified', async () => {
    const address = await serveTls(echo);
    expect(await send(requestTo(`${address}/secret`))).toEqual({
      failure: 'certificate',
      message: `the certificate of ${address.slice(8)} is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT`,
    });
  });

  it('is not verified where the request says so, and only there', async () => {
    const address = await serveTls(echo);
    const sender = createSender(noProxies);
    cleanups.push(() => {
      sender.close();
    });
    const { signal } = new AbortController();
    const unverified = await sender.send(requestTo(address, { skipTlsVerify: true }), signal);
    expect(arrived(unverified)).toMatchObject({ url: '/' });
    expect(await sender.send(requestTo(address), signal)).toMatchObject({ failure: 'certificate' });
  });

  it('that is left by a redirect leaves the headers behind', async () => {
    const plain = await serve(echo);
    const address = await serveTls(redirectTo(plain));
    const headers = { Authorization: 'Bearer secret' };
    const result = await send(requestTo(`${address}/start`, { headers, skipTlsVerify: true }));
    expect(arrived(result).headers['authorization']).toBeUndefined();
  });

  it('that a redirect leads to on the same host gets them', async () => {
    const secure = await serveTls(echo);
    const address = await serve(redirectTo(secure));
    const headers = { Authorization: 'Bearer secret' };
    const result = await send(requestTo(`${address}/start`, { headers, skipTlsVerify: true }));
    expect(arrived(result).headers['authorization']).toBe('Bearer secret');
  });
});

/** Redirects from /start. */
function redirectTo(location: string): Handler {
  return (request, response) => {
    if (request.url === '/start') {
      response.writeHead(302, { Location: location }).end();
    } else {
      echo(request, response);
    }
  };
}

describe('redirects', () => {
  const authorized = { Authorization: 'Bearer secret', 'X-Key': 'secret' };
  it('to the same host keep the headers, and a POST becomes a GET', async () => {
    const address = await serve(redirectTo('/end'));
    const seen = arrived(
      await send(requestTo(`${address}/start`, { method: 'POST', body: '{}', headers: authorized })),
    );
    expect(seen).toMatchObject({ method: 'GET', url: '/end', body: '' });
    expect(seen.headers).toMatchObject({ authorization: 'Bearer secret', 'x-key': 'secret' });
  });

  it('to another host lose all of them', async () => {
    const other = await serve(echo);
    const address = await serve(redirectTo(other.replace('127.0.0.1', 'localhost')));
    const seen = arrived(await send(requestTo(`${address}/start`, { headers: authorized })));
    expect(seen.headers['authorization']).toBeUndefined();
    expect(seen.headers['x-key']).toBeUndefined();
  });

  it('have a limit', async () => {
    const address = await serve((_request, response) => {
      response.writeHead(302, { Location: '/again' }).end();
    });
    expect(await send(requestTo(address, { maxRedirects: 3 }))).toMatchObject({ failure: 'redirects' });
    expect(await send(requestTo(address, { maxRedirects: 0 }))).toMatchObject({ status: 302 });
  });
});

describe('a proxy', () => {
  const proxied = 'http://198.18.0.1:9090/p?q=1';

  it('gets the whole address of a plain request, and the user it needs', async () => {
    const proxy = await serve(echo);
    const httpProxy = proxy.replace('http://', 'http://us%40er:pass@');
    const seen = arrived(await send(requestTo(proxied), { ...noProxies, httpProxy }));
    expect(seen.url).toBe(proxied);
    expect(seen.headers['host']).toBe('198.18.0.1:9090');
    expect(seen.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('us@er:pass').toString('base64')}`);
  });

  it('is a tunnel for TLS', async () => {
    const targets: (string | undefined)[] = [];
    const proxy = await serve(echo, (server) => {
      server.on('connect', (request: IncomingMessage, socket: { end: (text: string) => void }) => {
        targets.push(request.url);
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      });
    });
    await send(requestTo('https://198.18.0.1/p', { timeoutMs: 1000 }), { ...noProxies, httpsProxy: proxy });
    expect(targets).toEqual(['198.18.0.1:443']);
  });

  it.each([
    ['for loopback', {}, ''],
    ['where the request says so', { useProxy: false }, ''],
  ])('is not used %s', async (_title, change, noProxy) => {
    const proxy = await serve((_request, response) => {
      response.end('the proxy');
    });
    const address = await serve((_request, response) => {
      response.end('directly');
    });
    expect(
      await send(requestTo(address, change), { httpProxy: proxy, httpsProxy: proxy, noProxy }),
    ).toMatchObject({
      body: 'directly',
    });
  });
});
