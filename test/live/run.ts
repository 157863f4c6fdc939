// `npm run live`: the stories, against real gateways, or with KUBECONFIG against somebody's cluster.
// Not here: what happens in a story (stories/), the environment (environment.ts), the controller (controller.ts).
// May import the files of this folder.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureBinaries } from './binaries.ts';
import { bundle, type Controller, fromSources, installSerin } from './controller.ts';
import { type Environment, openEnvironment, prepare } from './environment.ts';
import { type History, recordHistory } from './history.ts';
import { enterNetworkNamespace, insideNetworkNamespace } from './network.ts';
import { MissingPrerequisites } from './prerequisites.ts';
import { createReport, diagnosis, type Report, type Told } from './report.ts';
import { canaryKind, storyLabel } from './stories/manifests.ts';
import { memory } from './stories/memory.ts';
import { stories } from './stories/stories.ts';
import { Scene, type Story, StoryFailure } from './stories/story.ts';
import { tierCStories } from './stories/tier-c.ts';
import { tierB, tierC } from './tier.ts';

/** A run that takes longer hangs. */
const wholeRunMs = 1_200_000;
const defaultStoryMs = 240_000;

/** `b` is what CI runs, stories without a gateway included; the others are run on demand. */
const tiers = {
  b: { tier: tierB, stories },
  c: { tier: tierC, stories: tierCStories },
};

interface Stage {
  readonly environment: Environment;
  readonly controller: Controller;
  readonly history: History;
  readonly report: Report;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      rss: { type: 'boolean', default: false },
      tier: { type: 'string', default: 'b' },
    },
  });
  const { tier, stories: known } = tierOf(values.tier);
  const chosen = values.rss ? [memory] : choose(known, values.only);
  const foreign = (process.env['KUBECONFIG'] ?? '') !== '';
  if (!insideNetworkNamespace()) await ensureBinaries(['helm']);
  if (!foreign) {
    if (!insideNetworkNamespace())
      await prepare(tier, (line) => {
        process.stderr.write(`${line}\n`);
      });
    await enterNetworkNamespace();
  }
  const report = createReport({ json: values.json });
  setTimeout(() => {
    report.log(`the whole run took longer than ${wholeRunMs / 1000} s`);
    process.kill(process.pid, 'SIGTERM');
  }, wholeRunMs).unref();
  const environment = await openEnvironment({ log: report.log, tier });
  let told: readonly Told[] = [];
  try {
    const stage = await setStage(environment, report, values.rss ? await bundle() : fromSources);
    told = await tellAll(stage, chosen);
    stage.history.stop();
    if (foreign) await tidy(stage, told);
  } finally {
    await environment.stop({ failed: told.length === 0 || told.some(({ outcome }) => outcome === 'failed') });
  }
  report.end(told);
  return told.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

function tierOf(name: string): (typeof tiers)[keyof typeof tiers] {
  if (name === 'b' || name === 'c') return tiers[name];
  throw new MissingPrerequisites([`no such tier: ${name}; there are ${Object.keys(tiers).join(', ')}`]);
}

function choose(known: readonly Story[], only: string | undefined): readonly Story[] {
  if (only === undefined) return known;
  const names = only.split(',');
  const unknown = names.filter((name) => !known.some((story) => story.name === name));
  if (unknown.length > 0)
    throw new MissingPrerequisites([
      `no such story: ${unknown.join(', ')}; there are ${known.map(({ name }) => name).join(', ')}`,
    ]);
  return known.filter(({ name }) => names.includes(name));
}

async function setStage(
  environment: Environment,
  report: Report,
  program: readonly string[],
): Promise<Stage> {
  const { world } = environment;
  const controller = await installSerin(environment, {
    program,
    metricsServer: world?.prometheusUrl ?? 'http://127.0.0.1:9',
    ...(world === null ? { labelSelector: `${storyLabel.key}=${storyLabel.value}` } : {}),
  });
  const startMs = await controller.start();
  report.log(`the controller leads ${(startMs / 1000).toFixed(1)} s after its start`);
  const history = await recordHistory(
    environment,
    new Set([...(world?.gateways.values() ?? [])].map(({ routeKind }) => routeKind)),
  );
  history.onChange((key, moments) => report.progress(key, moments));
  return { environment, controller, history, report };
}

async function tellAll(stage: Stage, chosen: readonly Story[]): Promise<readonly Told[]> {
  const skipped = chosen.filter(({ needsWorld }) => needsWorld && stage.environment.world === null);
  const playable = chosen.filter((story) => !skipped.includes(story));
  const told: Told[] = skipped.map(({ name }) => ({
    name,
    outcome: 'skipped',
    seconds: 0,
    detail: 'needs gateways, Prometheus and pods with faults',
  }));
  const waiting = playable.filter(({ company }) => company === 'together');
  const tellInTurn = async () => {
    for (let story = waiting.shift(); story !== undefined; story = waiting.shift())
      told.push(await tellOne(stage, story));
  };
  await Promise.all(Array.from({ length: sideBySide() }, tellInTurn));
  for (const story of playable.filter(({ company }) => company === 'alone'))
    told.push(await tellOne(stage, story));
  return told;
}

/** More of them would only wait for each other: each sends requests, and rolls pods. */
function sideBySide(): number {
  return 5 * availableParallelism();
}

async function tellOne(stage: Stage, { name, tell, timeoutMs = defaultStoryMs }: Story): Promise<Told> {
  const { environment, report } = stage;
  const namespace = namespaceOf(name);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const over = new AbortController();
  const said: string[] = [];
  const scene = new Scene({
    ...stage,
    namespace,
    over: over.signal,
    say: (line) => {
      said.push(line);
      report.say(name, line);
    },
  });
  const tooLong = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new StoryFailure(`not over after ${timeoutMs / 1000} s`)), timeoutMs).unref();
  });
  try {
    await environment.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
    await Promise.race([tell(scene), tooLong]);
    report.say(name, 'passed');
    const traffic = scene.requests === 0 ? [] : [`${scene.requests} requests`];
    const detail = [...traffic, ...said.slice(-1)].join('; ');
    return { name, outcome: 'passed', seconds: seconds(), detail };
  } catch (error) {
    const message = error instanceof StoryFailure ? error.message : errorText(error);
    report.say(name, `FAILED: ${message}`);
    report.log(await diagnosis(stage, namespace));
    return { name, outcome: 'failed', seconds: seconds(), detail: message.split('\n')[0] ?? '' };
  } finally {
    over.abort();
    await scene.close();
  }
}

const tidyMs = 60_000;

/** On somebody's cluster nothing of the stories stays, but for the CRDs. */
async function tidy({ environment, controller }: Stage, told: readonly Told[]): Promise<void> {
  await controller.kill();
  for (const { name } of told) {
    const namespace = namespaceOf(name);
    for (const { metadata } of await environment.list(canaryKind, namespace))
      await environment.patch(
        { kind: canaryKind, namespace, name: metadata.name },
        { metadata: { finalizers: null } },
      );
    await environment.delete({ kind: 'v1/Namespace', name: namespace });
  }
  await controller.remove();
  const left = async () =>
    (await environment.list('v1/Namespace')).filter(({ metadata }) =>
      told.some(({ name }) => namespaceOf(name) === metadata.name),
    );
  await environment.waitFor(
    'the namespaces of the stories to go',
    async () => (await left()).length === 0,
    tidyMs,
  );
}

function namespaceOf(story: string): string {
  return `live-${story}`;
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

await main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof MissingPrerequisites ? error.lines.join('\n') : errorText(error)}\n`,
    );
    process.exit(1);
  },
);
