// What a story is, and what it has at hand while it is told: a namespace, a host name, a Canary to watch, and traffic.
// Not here: the stories, and how they are run (run.ts).
// May import the files of test/live and src/api.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CanaryStatus, Phase } from '../../../src/api/status.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Controller } from '../controller.ts';
import type { Environment, World } from '../environment.ts';
import type { Gateway, GatewayName } from '../gateway.ts';
import type { CanaryMoment, History, RouteMoment } from '../history.ts';
import { type Load, type LoadOptions, send, startLoad } from '../load.ts';
import {
  appName,
  beside,
  canary,
  type CanaryOptions,
  canaryKind,
  deployment,
  deploymentKind,
  type Provider,
  type Workload,
} from './manifests.ts';

export interface Story {
  readonly name: string;
  /** Which stories it can be told beside: all others, or none, because it takes something away from everybody. */
  readonly company: 'together' | 'alone';
  /** Needs what only the stories' own environment has: gateways, Prometheus, pods that answer, faults. */
  readonly needsWorld: boolean;
  readonly timeoutMs?: number;
  readonly tell: (scene: Scene) => Promise<void>;
}

/** As most are: beside others, in the stories' own environment. */
export function story(name: string, tell: Story['tell']): Story {
  return { name, company: 'together', needsWorld: true, tell };
}

export interface SceneParts {
  readonly environment: Environment;
  readonly controller: Controller;
  readonly history: History;
  readonly namespace: string;
  readonly say: (line: string) => void;
  /** Becomes true when the story is over: whatever still waits gives up. */
  readonly over: AbortSignal;
}

/** Thrown where a story does not go as told. */
export class StoryFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StoryFailure';
  }
}

export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new StoryFailure(otherwise);
}

export interface Release {
  readonly version: string;
  readonly name?: string;
  readonly replicas?: number;
}

export type CanaryChoice = Omit<CanaryOptions, 'namespace' | 'host'>;

/** For what takes seconds: a busy machine may be slow, and only what hangs shall fail. */
const defaultTimeoutMs = 150_000;

/** Everything a story does goes through here, so that nothing of it outlives the story. */
export class Scene {
  readonly parts: SceneParts;
  readonly host: string;
  readonly namespace: string;
  readonly kube: Environment;
  private readonly closing: (() => Promise<unknown>)[] = [];
  private readonly loads: Load[] = [];

  constructor(parts: SceneParts) {
    this.parts = parts;
    this.namespace = parts.namespace;
    this.host = `${parts.namespace}.test`;
    this.kube = parts.environment;
  }

  get world(): World {
    const { world } = this.parts.environment;
    expect(world !== null, 'this story needs the environment of its own');
    return world;
  }

  say(line: string): void {
    this.parts.say(line);
  }

  /** The Deployment as the user writes it, size included. */
  async deploy(release: Release): Promise<void> {
    await this.kube.apply([deployment(this.workload(release))]);
  }

  /** A new revision, as a pipeline sets it: nothing else of the Deployment changes. */
  async release({ version, name = appName }: Release): Promise<void> {
    const { image } = this.workload({ version });
    await this.kube.patch(
      { kind: deploymentKind, namespace: this.namespace, name },
      {
        spec: {
          template: {
            spec: { containers: [{ name: 'app', image, env: [{ name: 'VERSION', value: version }] }] },
          },
        },
      },
      { contentType: 'application/strategic-merge-patch+json' },
    );
  }

  async declare(choice: CanaryChoice): Promise<void> {
    const { namespace, host } = this;
    const route = choice.service?.name ?? choice.target ?? appName;
    const others = beside(choice.provider, { namespace, host, route });
    await this.kube.apply([...others, canary({ namespace, host, ...choice })]);
  }

  async patchCanary(body: unknown, name = appName): Promise<void> {
    await this.kube.patch({ kind: canaryKind, namespace: this.namespace, name }, body);
  }

  async deleteCanary(name = appName): Promise<void> {
    await this.kube.delete({ kind: canaryKind, namespace: this.namespace, name });
  }

  moments(name = appName): readonly CanaryMoment[] {
    return this.parts.history.canary(this.namespace, name);
  }

  status(name = appName): CanaryStatus {
    return this.moments(name).at(-1)?.status ?? {};
  }

  route(name = appName): readonly RouteMoment[] {
    return this.parts.history.route(this.namespace, name);
  }

  /** How it is now, or the first moment from now on for which the predicate holds; a phase that lasts 10 ms counts. */
  async until(
    what: string,
    holds: (moment: CanaryMoment) => boolean,
    { name = appName, timeoutMs = defaultTimeoutMs }: { name?: string; timeoutMs?: number } = {},
  ): Promise<CanaryMoment> {
    const seen = this.moments(name).at(-1);
    return this.wait(`${name}: ${what}`, timeoutMs, () => {
      const moments = this.moments(name);
      const from = seen === undefined ? 0 : Math.max(0, moments.indexOf(seen));
      const found = moments.slice(from).find(holds);
      if (found !== undefined) return { found };
      const last = moments.at(-1);
      const failedMeanwhile = moments.find(
        ({ status }, index) =>
          index > from && status.phase === 'Failed' && moments[index - 1]?.status.phase !== 'Failed',
      );
      if (failedMeanwhile !== undefined)
        throw new StoryFailure(
          `waited for ${what}, but the run failed: ${readyMessage(failedMeanwhile.status)}`,
        );
      return { waiting: `${last?.status.phase ?? 'no status'}: ${readyMessage(last?.status ?? {})}` };
    });
  }

  reach(phase: Phase, options: { name?: string; timeoutMs?: number } = {}): Promise<CanaryMoment> {
    return this.until(`phase ${phase}`, ({ status }) => status.phase === phase, options);
  }

  /**
   * From when on no request may fail: Initialized, and where nothing tells Serin that the gateway serves the route, seen to be
   * served. Users have ten seconds between the two, by their intervals; the stories have shorter ones.
   */
  async initialized(provider: GatewayName): Promise<number> {
    const { atMs } = await this.reach('Initialized');
    const { silent = false } = this.gateway(provider);
    if (!silent) return atMs;
    await this.eventually(
      `${provider} to serve the route`,
      async () => (await send({ ...this.entrance(provider), host: this.host })).status === 200,
    );
    return Date.now();
  }

  /** The run of a revision that was released just now. */
  runStarts(name = appName): Promise<CanaryMoment> {
    return this.until('a run', ({ status }) => status.run?.kind === 'rollout', { name });
  }

  reachWeight(weight: number, name = appName): Promise<CanaryMoment> {
    return this.until(
      `weight ${weight} in effect`,
      ({ status: { run } }) =>
        run?.stage === 'analysis' && run.split.canary === weight && run.settledAt !== undefined,
      { name },
    );
  }

  /** Releases and waits for the promotion; the Canary must be at rest. */
  async promote(release: Release, timeoutMs?: number): Promise<CanaryMoment> {
    await this.release(release);
    const { name = appName } = release;
    await this.runStarts(name);
    return this.reach('Succeeded', { name, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }

  /** Lets requests go on for a while where nothing else is to be waited for. */
  async pass(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.parts.over });
  }

  /** Polls something other than the Canary. */
  async eventually<T>(
    what: string,
    probe: () => Promise<T | undefined | false>,
    timeoutMs = defaultTimeoutMs,
  ): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      this.checkTime(what, deadline, '');
      await sleep(100, undefined, { signal: this.parts.over });
    }
  }

  gateway(name: GatewayName): Gateway {
    const gateway = this.world.gateways.get(name);
    expect(gateway !== undefined, `this environment has no gateway for ${name}`);
    return gateway;
  }

  /** How users come in through the gateway of that provider. */
  private entrance(provider: GatewayName): Pick<LoadOptions, 'url' | 'wire' | 'freshConnections'> {
    const { url, wire, freshConnections = false } = this.gateway(provider);
    return { url, wire, freshConnections };
  }

  /** Requests through the gateway of that provider, or for `kubernetes` to the Service. Ends with the story. */
  async startLoad(provider: Provider, options: Partial<LoadOptions> = {}): Promise<Load> {
    const load = startLoad({
      ...(provider === 'kubernetes'
        ? { url: `http://${await this.clusterAddress(appName)}`, freshConnections: true }
        : this.entrance(provider)),
      host: this.host,
      perSecond: 20,
      ...options,
    });
    this.loads.push(load);
    this.defer(() => load.stop());
    return load;
  }

  /** `ClusterIP:port` of a Service, as soon as there is one. */
  async clusterAddress(name: string): Promise<string> {
    const service = await this.eventually(`Service ${name}`, () =>
      this.kube.get('v1/Service', this.namespace, name),
    );
    const spec = Object.fromEntries(Object.entries(service['spec'] ?? {}));
    return `${String(spec['clusterIP'])}:80`;
  }

  async events(name = appName): Promise<KubeObject[]> {
    const all = await this.kube.list('v1/Event', this.namespace);
    return all.filter(({ involvedObject }) =>
      JSON.stringify(involvedObject ?? {}).includes(`"name":"${name}"`),
    );
  }

  /** How many requests were sent so far. */
  get requests(): number {
    return this.loads.reduce((sum, { samples }) => sum + samples.length, 0);
  }

  /** Done when the story is over, however it ends. */
  defer(close: () => Promise<unknown>): void {
    this.closing.push(close);
  }

  async close(): Promise<void> {
    await Promise.all(this.closing.map((close) => close()));
  }

  private workload({ version, name = appName, replicas = 1 }: Release): Workload {
    const { namespace, parts } = this;
    const own = parts.environment.world !== null;
    const image = own ? `example.test/app:${version}` : (process.env['SERIN_LIVE_IMAGE'] ?? 'nginx:alpine');
    return { namespace, name, image, version, replicas, probed: own };
  }

  private async wait<T>(
    what: string,
    timeoutMs: number,
    probe: () => { readonly found: T } | { readonly waiting: string },
  ): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const answer = probe();
      if ('found' in answer) return answer.found;
      this.checkTime(what, deadline, `; it is ${answer.waiting}`);
      await sleep(25, undefined, { signal: this.parts.over });
    }
  }

  private checkTime(what: string, deadline: number, detail: string): void {
    this.parts.controller.check();
    this.parts.environment.world?.check();
    if (Date.now() > deadline) throw new StoryFailure(`waited too long for ${what}${detail}`);
  }
}

export function ready(status: CanaryStatus): { status: string; reason: string; message: string } {
  const condition = status.conditions?.find(({ type }) => type === 'Ready');
  const { status: value = '', reason = '', message = '' } = condition ?? {};
  return { status: value, reason, message };
}

function readyMessage(status: CanaryStatus): string {
  const { reason, message } = ready(status);
  return `${reason}: ${message}`;
}
