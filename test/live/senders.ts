// How users speak to a gateway: requests, the same inside TLS, calls of gRPC, datagrams. One is sent, and one sample comes of it.
// Not here: how many are sent and when (load.ts).
// May import undici and zod.
import { createSocket } from 'node:dgram';
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { Agent, request } from 'undici';
import { z } from 'zod';

export interface Sample {
  /** When it was sent, ms since the epoch. */
  readonly atMs: number;
  readonly durationMs: number;
  /** 0 where no answer came; then `error` says why. A call that failed has 500. */
  readonly status: number;
  /** From the pod's own headers; empty where a proxy answered in its place. */
  readonly pod: string;
  readonly version: string;
  /** What the answer sets, as `name=value; attributes`; empty where it sets none. */
  readonly cookie: string;
  readonly error?: string;
}

/** Left out where it is HTTP. */
export type Wire = 'tls' | 'grpc' | 'udp';

export interface SendOptions {
  /** Of a gateway, `scheme://address:port`. */
  readonly url: string;
  /** By which the gateway chooses the route: the Host header, or in TLS the name of the server. */
  readonly host: string;
  readonly wire?: Wire | undefined;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A new connection for each request: needed where a Service, not a proxy, is asked. */
  readonly freshConnections?: boolean;
  readonly timeoutMs?: number;
}

export interface Sender {
  /** Never rejected. */
  readonly send: () => Promise<Sample>;
  /** Call it when every answer is in. */
  readonly close: () => Promise<void>;
}

const patienceMs = 15_000;

export function senderOf(options: SendOptions): Sender {
  switch (options.wire) {
    case 'grpc':
      return calls(options);
    case 'udp':
      return datagrams(options);
    case 'tls':
    case undefined:
      return requests(options);
  }
}

type Answer = Omit<Sample, 'atMs' | 'durationMs'>;

const noAnswer = { status: 0, pod: '', version: '', cookie: '' };

async function sample(ask: () => Promise<Answer>): Promise<Sample> {
  const atMs = Date.now();
  const began = performance.now();
  const answer = await ask().catch((error: unknown) => ({ ...noAnswer, error: messageOf(error) }));
  return { atMs, durationMs: performance.now() - began, ...answer };
}

function text(header: string | readonly string[] | undefined): string {
  return String(header ?? '');
}

function requests({ url, host, wire, path = '/', headers = {}, ...options }: SendOptions): Sender {
  const { freshConnections = false, timeoutMs = patienceMs } = options;
  const agent = new Agent({
    connections: freshConnections ? null : 64,
    pipelining: freshConnections ? 0 : 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    // Pods have a certificate that is signed by nobody.
    ...(wire === 'tls' ? { connect: { servername: host, rejectUnauthorized: false } } : {}),
  });
  const ask = async () => {
    const answer = await request(`${url}${path}`, { dispatcher: agent, headers: { ...headers, host } });
    await answer.body.dump();
    const { headers: told, statusCode: status } = answer;
    return {
      status,
      pod: text(told['x-pod']),
      version: text(told['x-version']),
      cookie: text(told['set-cookie']),
    };
  };
  return { send: () => sample(ask), close: () => agent.close() };
}

/** All on one connection, as clients of gRPC do; a new one when the gateway takes no more calls there. */
function calls({
  url,
  host,
  path = '/live.App/Ask',
  headers = {},
  timeoutMs = patienceMs,
}: SendOptions): Sender {
  let session: ClientHttp2Session | undefined;
  const current = () => {
    if (session === undefined || session.closed || session.destroyed)
      // Its calls say what is wrong with it.
      session = connect(url).on('error', () => undefined);
    return session;
  };
  const ask = () =>
    new Promise<Answer>((resolve, reject) => {
      const call = current().request({
        ':method': 'POST',
        ':authority': host,
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      // A proxy that answers in place of the pod says everything in the headers.
      let told: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
      call.on('response', (received) => (told = received));
      call.on('trailers', (received) => (told = { ...told, ...received }));
      call.setTimeout(timeoutMs, () => call.destroy(new Error('no answer in time')));
      call.on('error', reject).on('close', () => {
        const status = text(told['grpc-status']);
        resolve({
          status: status === '0' ? 200 : status === '' ? 0 : 500,
          pod: text(told['x-pod']),
          version: text(told['x-version']),
          cookie: '',
          ...(status === '0' ? {} : { error: `gRPC ${status} ${text(told['grpc-message'])}` }),
        });
      });
      call.resume().end(emptyMessage);
    });
  return {
    send: () => sample(ask),
    close: () =>
      new Promise((resolve) => {
        if (session === undefined || session.destroyed) resolve();
        else session.once('close', resolve).close();
      }),
  };
}

/** What protobuf makes of a message without fields, behind the five bytes that say how long it is. */
const emptyMessage = Buffer.alloc(5);

const Told = z.object({ status: z.number(), 'x-pod': z.string(), 'x-version': z.string() });

/** Each from a port of its own, so that to a proxy each is somebody else. */
function datagrams({ url, timeoutMs = patienceMs }: SendOptions): Sender {
  const { hostname, port } = new URL(url);
  const ask = () =>
    new Promise<Answer>((resolve, reject) => {
      const socket = createSocket('udp4');
      const timer = setTimeout(() => end(() => reject(new Error('no answer in time'))), timeoutMs);
      const end = (settle: () => void) => {
        clearTimeout(timer);
        socket.close(settle);
      };
      socket.on('error', (error) => end(() => reject(error)));
      socket.on('message', (message) =>
        end(() => {
          const told = Told.safeParse(JSON.parse(message.toString()));
          if (!told.success) return reject(told.error);
          const { status, 'x-pod': pod, 'x-version': version } = told.data;
          resolve({ status, pod, version, cookie: '' });
        }),
      );
      socket.send('ask', Number(port), hostname);
    });
  return { send: () => sample(ask), close: () => Promise.resolve() };
}

const Coded = z.object({ code: z.string() });

function messageOf(error: unknown): string {
  const coded = Coded.safeParse(error);
  if (coded.success) return coded.data.code;
  return error instanceof Error ? error.message : String(error);
}
