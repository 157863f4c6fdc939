// Skipper, for Ingresses. It asks the API server again and again for everything it needs, and nothing tells what it goes by but
// its own list of routes.
// Not here: the routes; stories write them.
// May import the files of this folder.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import type { Gateway, RoutedWeights } from './gateway.ts';
import { poll } from './processes.ts';
import type { Place } from './tier.ts';

/** For Ingresses: those of this class are Skipper's unless it is told otherwise. */
export const skipperClass = 'skipper';

const ports = { http: 8115, support: 8116 };
const supportUrl = `http://127.0.0.1:${ports.support}`;

export async function startSkipper({ processes, plane, binary }: Place): Promise<Gateway> {
  const { server, ca = '', token = '' } = plane.access('skipper');
  const at = (file: string) => join(processes.folder, file);
  await writeFile(at('skipper.token'), token, { mode: 0o600 });
  await writeFile(at('skipper-ca.crt'), ca);
  const { logPath } = processes.start({
    name: 'skipper',
    command: [
      binary('skipper'),
      `-address=127.0.0.1:${ports.http}`,
      `-support-listener=127.0.0.1:${ports.support}`,
      '-kubernetes',
      `-kubernetes-url=${server}`,
      `-kubernetes-token-file=${at('skipper.token')}`,
      '-enable-kubernetes-endpointslices',
      // It takes what it asked for before as it is until then; pods that end serve on for some seconds.
      '-source-poll-timeout=500',
      '-wait-first-route-load',
      '-access-log-disabled',
      // What the built-in metrics need.
      '-metrics-flavour=prometheus',
      '-serve-route-metrics',
    ],
    // Outside of a cluster it knows no certificate but those of the system.
    env: { SSL_CERT_FILE: at('skipper-ca.crt') },
  });
  await poll('Skipper', () => answers(`${supportUrl}/metrics`), {
    timeoutMs: 120_000,
    abort: processes.check,
    logPath,
  });
  return {
    url: `http://127.0.0.1:${ports.http}`,
    stats: `127.0.0.1:${ports.support}`,
    metricsPath: '/metrics',
    routeKind: 'networking.k8s.io/v1/Ingress',
    silent: true,
    weights,
  };
}

const Routes = z.array(
  z.object({
    id: z.string(),
    predicates: z
      .array(z.object({ name: z.string(), args: z.array(z.union([z.number(), z.string()])).default([]) }))
      .default([]),
  }),
);
type Predicates = z.infer<typeof Routes>[number]['predicates'];

/** More than the stories have at once. */
const everyRoute = 10_000;

/** Read from the routes that it goes by now. */
async function weights(host: string, namespace: string): Promise<readonly RoutedWeights[]> {
  const { body } = await request(`${supportUrl}/routes?limit=${everyRoute}`, {
    headers: { accept: 'application/json' },
  });
  const rules = new Map<string, { service: string; predicates: Predicates }[]>();
  for (const { id, predicates } of Routes.parse(await body.json())) {
    // `kube_namespace__ingress__host__path__service`, each with _ for whatever is no letter, digit or _.
    const [, rule, service] =
      new RegExp(`^kube_${word(namespace)}__(.+__${word(host)}__.*)__(.+)$`).exec(id) ?? [];
    if (rule === undefined || service === undefined) continue;
    // Those of redirects lead to no Service.
    if (id.endsWith('_https_redirect') || predicates.some(({ name }) => name === 'False')) continue;
    const routes = rules.get(rule) ?? [];
    routes.push({ service: `${namespace}/${service.replaceAll('_', '-')}`, predicates });
    rules.set(rule, routes);
  }
  return [...rules.values()].map(sharesOf);
}

/** It goes through the routes of a rule one by one: whoever is not taken by chance goes on to the next. */
function sharesOf(routes: readonly { service: string; predicates: Predicates }[]): RoutedWeights {
  const shares: Record<string, number> = {};
  let left = 1;
  for (const { service, predicates } of routes.toSorted(
    (a, b) => b.predicates.length - a.predicates.length,
  )) {
    const chance = Number(predicates.find(({ name }) => name === 'Traffic')?.args[0] ?? 1);
    shares[service] = Math.round(left * chance * 100);
    left *= 1 - chance;
  }
  return shares;
}

const word = (name: string) => name.replaceAll(/\W/g, '_');

async function answers(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode === 200;
}
