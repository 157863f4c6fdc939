// Opening and closing the sandbox's HTTP servers, all on loopback. What they answer is not known here.
import type { Server } from 'node:http';

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  /** Ends when the last connection is closed; open ones are cut after `graceMs`. */
  readonly stop: (graceMs?: number) => Promise<void>;
}

export interface Address {
  readonly host: string;
  /** Zero takes any free port. */
  readonly port: number;
}

/** Rejects with the system's error where the address cannot be bound. */
export async function listenOn(server: Server, { host, port }: Address): Promise<Listener> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') {
    throw new Error(`the server on ${host} has no port`);
  }
  return {
    host,
    port: bound.port,
    url: `http://${host}:${bound.port}`,
    stop: (graceMs = 0) => close(server, graceMs),
  };
}

async function close(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    if (graceMs === 0) {
      server.closeAllConnections();
    } else {
      const untilMs = Date.now() + graceMs;
      // A connection that has just answered stays open, idle, unless somebody looks again.
      const sweep = setInterval(() => {
        if (Date.now() < untilMs) {
          server.closeIdleConnections();
        } else {
          server.closeAllConnections();
        }
      }, 10);
      server.once('close', () => clearInterval(sweep));
    }
  });
}
