// After everything: a controller with nothing to do asks nothing, nothing was refused to it, and nothing failed inside it.
import { readFileSync } from 'node:fs';
import { CanaryStatus } from '../../../src/api/status.ts';
import { countRequests, readAudit } from '../audit.ts';
import { canaryKind } from './manifests.ts';
import { expect, type Scene, type Story } from './story.ts';

const idleMs = 60_000;

interface Requests {
  readonly leases: number;
  readonly watches: number;
  readonly others: ReadonlyMap<string, number>;
}

async function idle(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  await scene.declare({ provider: 'kubernetes', analysis: { iterations: 2 } });
  await scene.reach('Initialized');
  await removeUnsettled(scene);
  const canaries = await scene.kube.list(canaryKind);
  const quiet = await counter(scene);
  await scene.eventually(
    'five seconds without a request',
    async () => {
      const count = await quiet();
      await scene.pass(5000);
      return total((await quiet()).others) === total(count.others);
    },
    60_000,
  );
  const { rssMiB } = scene.parts.controller;
  scene.say(`${canaries.length} Canaries at rest; a full minute begins`);
  const before = await quiet();
  await scene.pass(idleMs);
  const after = await quiet();
  const others = [...after.others].flatMap(([what, times]) => {
    const more = times - (before.others.get(what) ?? 0);
    return more === 0 ? [] : [`${more} × ${what}`];
  });
  const leases = after.leases - before.leases;
  const watches = after.watches - before.watches;
  const aside = `${leases} of the lease and ${watches} watches begun aside`;
  expect(others.length === 0, `requests in an idle minute: ${others.join(', ')}; ${aside}`);
  const memory = `${rssMiB().toFixed(0)} MiB resident`;
  scene.say(`0 requests in an idle minute with ${canaries.length} Canaries, ${aside}; ${memory}`);
}

/** A story that failed may have left a run behind, which is not idle. */
async function removeUnsettled(scene: Scene): Promise<void> {
  for (const { metadata, status } of await scene.kube.list(canaryKind)) {
    const { run } = CanaryStatus.parse(status ?? {});
    if (run === undefined || metadata.namespace === undefined) continue;
    scene.say(`${metadata.name}.${metadata.namespace} is left out: a run of it is under way`);
    // Not its namespace: what is taken away before the Canary would be made again, and refused.
    await scene.kube.delete({ kind: canaryKind, namespace: metadata.namespace, name: metadata.name });
  }
}

/** What the controller has asked so far: by the server's audit log, or by the controller's own count. */
async function counter(scene: Scene): Promise<() => Promise<Requests>> {
  const { environment, controller } = scene.parts;
  if (environment.world === null) return async () => fromMetrics(await controller.metrics());
  const { auditLogPath } = environment.world;
  return async () => fromAudit(await readAudit(auditLogPath, { user: controller.user }));
}

function fromAudit(requests: Awaited<ReturnType<typeof readAudit>>): Requests {
  const watches = requests.filter(({ verb }) => verb === 'watch').length;
  const leases = requests.filter(({ resource }) => resource === 'leases').length;
  const others = requests.filter(({ verb, resource }) => verb !== 'watch' && resource !== 'leases');
  return { leases, watches, others: countRequests(others) };
}

function fromMetrics(text: string): Requests {
  const others = new Map<string, number>();
  let leases = 0;
  let watches = 0;
  for (const [, labels = '', value] of text.matchAll(/^serin_api_requests_total\{(.*)\} (\d+)$/gm)) {
    if (/resource="leases[."]/.test(labels)) leases += Number(value);
    else if (labels.includes('verb="watch"')) watches += Number(value);
    else others.set(labels, Number(value));
  }
  return { leases, watches, others };
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

async function nothingWrong(scene: Scene): Promise<void> {
  const { environment, controller } = scene.parts;
  const lines = readFileSync(controller.logPath, 'utf8').split('\n');
  const errors = lines.filter((line) => /"level":"(error|fatal)"/.test(line));
  expect(errors.length === 0, `${errors.length} errors in the log, first: ${errors[0]?.slice(0, 600)}`);
  if (environment.world === null) return;
  const asked = await readAudit(environment.world.auditLogPath, { user: controller.user });
  const refused = asked.filter(({ code }) => code === 403);
  const [first] = refused;
  expect(
    first === undefined,
    `${refused.length} requests were forbidden, first: ${first?.verb} ${first?.resource} in ${first?.namespace}`,
  );
  const conflicts = asked.filter(({ code }) => code === 409).length;
  const invalid = asked.filter(({ code }) => code === 422 || code === 400).length;
  scene.say(`${asked.length} requests in all, ${conflicts} conflicts, ${invalid} found invalid, 0 forbidden`);
}

export const rest: readonly Story[] = [
  { name: 'idle', company: 'alone', needsWorld: false, timeoutMs: 240_000, tell: idle },
  { name: 'nothing-wrong', company: 'alone', needsWorld: false, tell: nothingWrong },
];
