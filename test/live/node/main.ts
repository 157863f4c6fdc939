// The pretend node, a process of its own: registers Nodes, runs their pods, proxies Services, answers DNS.
// Not here: its caller's side (admin.ts). Started by environment.ts inside the private network.
// May import the files of this folder, kube.ts and zod.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { connectKube } from '../kube.ts';
import { startDns } from './dns.ts';
import { healthy, parseFault } from './fault.ts';
import { type RunningPod, startKubelet } from './kubelet.ts';
import { registerNodes } from './nodes.ts';
import { startProxy } from './proxy.ts';
import { FaultRule } from './rule.ts';

const Settings = z.object({
  server: z.string(),
  ca: z.string(),
  token: z.string(),
  nodeNames: z.array(z.string()),
  certificate: z.object({ certPath: z.string(), keyPath: z.string() }),
  adminPort: z.number(),
});

const nodeAddress = '127.0.0.1';

async function main(settingsPath: string): Promise<void> {
  const { nodeNames, adminPort, certificate, ...access } = Settings.parse(
    JSON.parse(readFileSync(settingsPath, 'utf8')),
  );
  const { certPath, keyPath } = certificate;
  const kube = connectKube(access);
  let rules: FaultRule[] = [];
  await registerNodes(kube, nodeNames);
  const kubelet = startKubelet({
    kube,
    nodeNames,
    certificate: { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') },
    faultFor: (pod) => faultOf(rules, pod),
  });
  const proxy = startProxy(kube);
  await startDns(proxy.resolve);
  await Promise.all([kubelet.following, ...proxy.following].map(({ synced }) => synced));

  const routes: Record<string, (request: IncomingMessage) => Promise<unknown>> = {
    'GET /ready': () => Promise.resolve({}),
    'GET /pods': () => Promise.resolve(kubelet.pods()),
    'GET /targets': () => Promise.resolve(kubelet.pods().flatMap(scrapeTarget)),
    'POST /faults': async (request) => {
      const rule = FaultRule.parse(JSON.parse(await bodyOf(request)));
      // The newest rule for the same pods replaces the one before.
      rules = [rule, ...rules.filter((old) => !sameScope(old, rule))];
      return rules;
    },
    'DELETE /faults': () => {
      rules = [];
      return Promise.resolve(rules);
    },
  };
  const server = createServer((request, response) => {
    const route =
      routes[`${request.method} ${request.url}`] ?? (() => Promise.reject(new Error('no such path')));
    route(request).then(
      (answer) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  server.listen(adminPort, nodeAddress);
}

function faultOf(rules: readonly FaultRule[], pod: { namespace: string; name: string; version: string }) {
  const rule = rules.find(
    ({ namespace, version, podPrefix }) =>
      namespace === pod.namespace &&
      (version === undefined || version === pod.version) &&
      (podPrefix === undefined || pod.name.startsWith(podPrefix)),
  );
  return rule === undefined ? undefined : (parseFault(rule.fault) ?? healthy);
}

function sameScope(one: FaultRule, other: FaultRule): boolean {
  return (
    one.namespace === other.namespace && one.version === other.version && one.podPrefix === other.podPrefix
  );
}

/** Prometheus' HTTP service discovery, with the labels that the built-in queries expect. */
function scrapeTarget({ namespace, name, address, ports, labels, ready }: RunningPod) {
  const [port] = ports;
  if (port === undefined || !ready) return [];
  const app = labels['app'] ?? labels['app.kubernetes.io/name'] ?? '';
  return [
    {
      targets: [`${address}:${port}`],
      labels: { kubernetes_namespace: namespace, kubernetes_pod_name: name, app },
    },
  ];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

await main(process.argv[2] ?? '');
