// The ways in which the ports of a pod speak: HTTP, the same inside TLS, calls of gRPC over HTTP/2 without TLS, datagrams.
// Not here: what is answered (app.ts).
// Imports node:*.
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTlsServer } from 'node:https';

export type Wire = 'http' | 'tls' | 'grpc' | 'udp';

export interface Port {
  readonly number: number;
  readonly wire: Wire;
}

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly agent: string;
}

export interface Reply {
  /** As HTTP has it; the other ways say it in their own words. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Place {
  readonly address: string;
  readonly port: number;
  readonly certificate: Certificate;
  /** Never rejects. */
  readonly answer: (question: Question) => Promise<Reply>;
}

export interface Listening {
  /** Clients are told to go elsewhere, where the protocol can say it without a loss. */
  readonly drain: () => void;
  /** May be called again. */
  readonly close: () => Promise<void>;
}

/** For what is still open when the port closes. */
const patienceMs = 1000;

export const listen: Readonly<Record<Wire, (place: Place) => Promise<Listening>>> = {
  http: (place) => serveHttp(place, createServer()),
  tls: (place) => serveHttp(place, createTlsServer(place.certificate)),
  grpc: serveCalls,
  udp: serveDatagrams,
};

async function serveHttp({ address, port, answer }: Place, server: Server): Promise<Listening> {
  let draining = false;
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    const { method = 'GET', url = '/', headers } = request;
    const reply = await answer({ method, path: url, agent: headers['user-agent'] ?? '' });
    if (draining) response.setHeader('connection', 'close');
    response.writeHead(reply.status, reply.headers).end(reply.body);
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, response);
  });
  // Longer than any proxy keeps an idle connection: the side that reuses it must be the one that closes it.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, () => resolve());
  });
  return {
    drain: () => {
      draining = true;
    },
    close: () => closeWithin(server, () => server.closeAllConnections()),
  };
}

/** What protobuf makes of a message without fields, behind the five bytes that say how long it is. */
const emptyMessage = Buffer.alloc(5);
const grpcStatus = { ok: '0', internal: '13' };

async function serveCalls({ address, port, answer }: Place): Promise<Listening> {
  const server = createHttp2Server();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined).on('close', () => sessions.delete(session));
  });
  const serve = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // A client may give up, or be cut.
    stream.on('error', () => undefined).resume();
    const { ':path': path = '/', 'user-agent': agent = '' } = headers;
    const reply = await answer({ method: 'POST', path, agent });
    if (stream.destroyed) return;
    const status = reply.status === 200 ? grpcStatus.ok : grpcStatus.internal;
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.respond({ 'content-type': 'application/grpc', ...reply.headers }, { waitForTrailers: true });
    stream.end(emptyMessage);
  };
  server.on('stream', (stream, headers) => {
    void serve(stream, headers);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, () => resolve());
  });
  return {
    // After a GOAWAY Node takes no call any more, not even one that was on its way: endpoints alone tell clients.
    drain: () => undefined,
    close: () => {
      for (const session of sessions) session.close();
      return closeWithin(server, () => {
        for (const session of sessions) session.destroy();
      });
    },
  };
}

/** A server that has no more clients is closed; those who hold on are cut after a second. */
function closeWithin(server: { close: (done: () => void) => unknown }, cut: () => void): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(cut, patienceMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

async function serveDatagrams({ address, port, answer }: Place): Promise<Listening> {
  const socket = createSocket('udp4');
  let open = true;
  const serve = async (from: RemoteInfo) => {
    const { status, headers } = await answer({ method: 'GET', path: '/', agent: '' });
    if (open) socket.send(JSON.stringify({ status, ...headers }), from.port, from.address);
  };
  socket.on('message', (_, from) => {
    void serve(from);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject).bind(port, address, () => resolve());
  });
  return {
    drain: () => undefined,
    close: async () => {
      if (!open) return;
      open = false;
      await new Promise<void>((resolve) => {
        socket.close(() => resolve());
      });
    },
  };
}
