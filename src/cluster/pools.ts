// Who we are at the API server, and the connections that fit it: one pool for calls, one for watches. When a certificate is
// rotated, new pools take over and the old ones end with what is under way. Imports undici only.
import type { ConnectionOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';

const CONNECTIONS = 16;
const KEEP_ALIVE_MS = 30_000;
const CREDENTIALS_AGE_MS = 30_000;

type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;

/** What identifies us to the API server, and it to us. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

interface Pools {
  readonly tls: TlsOptions;
  readonly calls: Dispatcher;
  /** A watch holds its connection for minutes; in a pool of their own, watches cannot starve the calls. */
  readonly watches: Dispatcher;
}

function openPools(tls: TlsOptions, proxyUrl: string | undefined): Pools {
  // HTTP/1.1 on purpose: one lost HTTP/2 connection would end every watch at once.
  const shared = {
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
  };
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, timeout: 10_000 };
  const open = (connections: number | null): Dispatcher =>
    proxyUrl === undefined
      ? new Agent({ ...shared, connect, connections })
      : new ProxyAgent({ ...shared, uri: proxyUrl, requestTls: connect, connections });
  return { tls, calls: open(CONNECTIONS), watches: open(null) };
}

interface AccessOptions {
  readonly credentials: () => Promise<Credentials>;
  readonly proxyUrl?: string | undefined;
}

interface Access {
  /** Asks for the credentials again when they are older than 30 s or have expired. */
  current(): Promise<{ headers: Readonly<Record<string, string>>; pools: Pools }>;
  expire(): void;
  close(): Promise<void>;
}

/** Keeps the pools that fit the credentials of now. */
export function createAccess({ credentials, proxyUrl }: AccessOptions): Access {
  let pools: Pools | undefined;
  let latest: Promise<Credentials> | undefined;
  let askedAtMs = 0;
  let closed = false;

  const refreshed = (): Promise<Credentials> => {
    if (latest === undefined || performance.now() - askedAtMs >= CREDENTIALS_AGE_MS) {
      askedAtMs = performance.now();
      const asked = credentials();
      latest = asked;
      asked.catch(() => {
        latest = undefined;
      });
    }
    return latest;
  };

  return {
    async current() {
      const { headers, tls } = await refreshed();
      if (closed) {
        throw new Error('the connection to the API server is closed');
      }
      if (pools === undefined || !isDeepStrictEqual(pools.tls, tls)) {
        const old = pools;
        pools = openPools(tls, proxyUrl);
        // Graceful: calls and watches in flight end by themselves on the old connections.
        for (const pool of old === undefined ? [] : [old.calls, old.watches]) {
          pool.close().catch(() => undefined);
        }
      }
      return { headers, pools };
    },
    expire() {
      latest = undefined;
    },
    async close() {
      closed = true;
      await Promise.all([pools?.calls.destroy(), pools?.watches.destroy()]);
    },
  };
}
