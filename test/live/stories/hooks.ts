// A receiver of webhooks, which a story opens and closes like a gate.
// Imports node:http.
import { createServer } from 'node:http';
import type { Scene } from './story.ts';

interface HookCall {
  readonly path: string;
  readonly body: string;
  readonly atMs: number;
}

export interface Hooks {
  /** For instance `http://127.0.0.1:4711`. */
  readonly url: string;
  readonly calls: readonly HookCall[];
  /** Paths that are answered 403 from now on; all others get 200. */
  readonly closed: Set<string>;
}

/** @param meanwhile done before a call to that path is answered; what it throws makes the answer a 500 */
export async function startHooks(
  scene: Scene,
  meanwhile: Readonly<Record<string, () => Promise<void>>> = {},
): Promise<Hooks> {
  const calls: HookCall[] = [];
  const closed = new Set<string>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const path = request.url ?? '';
      calls.push({ path, body, atMs: Date.now() });
      const work = meanwhile[path] ?? (() => Promise.resolve());
      work().then(
        () => response.writeHead(closed.has(path) ? 403 : 200).end(),
        (error: unknown) => {
          scene.say(`hook ${path}: ${String(error)}`);
          response.writeHead(500).end();
        },
      );
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  scene.defer(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, calls, closed };
}
