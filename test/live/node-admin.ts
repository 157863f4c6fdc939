// The runner's side of the pretend node: starts its process, asks it, and puts faults on its pods.
// Not here: what the node does (node/).
// May import the files of this folder and node/rule.ts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import type { CertificateFiles } from './control-plane.ts';
import type { Access } from './kube.ts';
import type { FaultRule } from './node/rule.ts';
import { poll, type Processes } from './processes.ts';

const Pods = z.array(
  z.object({
    namespace: z.string(),
    name: z.string(),
    version: z.string(),
    address: z.string(),
    ports: z.array(z.number()),
    labels: z.record(z.string(), z.string()),
    ready: z.boolean(),
    terminating: z.boolean(),
    /** Answered requests by HTTP status, as the pod counts them. */
    requests: z.record(z.string(), z.number()),
  }),
);
type NodePod = z.infer<typeof Pods>[number];

export interface NodeAdmin {
  readonly url: string;
  /** What runs now, of one namespace or of all. */
  readonly pods: (namespace?: string) => Promise<NodePod[]>;
  /**
   * Changes the fault of running and coming pods from now on. It takes the place of the fault that their image tag or
   * environment names; an empty `fault` makes them healthy. Words: `errors30`, `latency3000`, `unready`, `crash`, `nopull`,
   * joined by commas.
   */
  readonly setFault: (rule: FaultRule) => Promise<void>;
  readonly clearFaults: () => Promise<void>;
}

const nodeNames = ['live-a', 'live-b'];
const adminPort = 9099;

/** @param certificate what pods show whose ports speak TLS */
export async function startNode(
  processes: Processes,
  access: Access,
  certificate: CertificateFiles,
): Promise<NodeAdmin> {
  const settings = join(processes.folder, 'node.json');
  await writeFile(settings, JSON.stringify({ ...access, nodeNames, adminPort, certificate }), {
    mode: 0o600,
  });
  const main = join(import.meta.dirname, 'node/main.ts');
  const { logPath } = processes.start({ name: 'node', command: [process.execPath, main, settings] });
  const url = `http://127.0.0.1:${adminPort}`;
  await poll('the pretend node', () => ask('GET', `${url}/ready`), { abort: processes.check, logPath });
  return {
    url,
    async pods(namespace) {
      const all = Pods.parse(await ask('GET', `${url}/pods`));
      return namespace === undefined ? all : all.filter((pod) => pod.namespace === namespace);
    },
    async setFault(rule) {
      await ask('POST', `${url}/faults`, rule);
    },
    async clearFaults() {
      await ask('DELETE', `${url}/faults`);
    },
  };
}

async function ask(method: 'GET' | 'POST' | 'DELETE', url: string, content?: unknown): Promise<unknown> {
  const { statusCode, body } = await request(url, {
    method,
    body: content === undefined ? null : JSON.stringify(content),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${method} ${url}: ${statusCode} ${text}`);
  return JSON.parse(text);
}
