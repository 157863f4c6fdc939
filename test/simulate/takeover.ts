// A seeded take-over: the world begins as Flagger left it, in any phase, and Serin comes. Until it has taken the Canary over
// nothing that users see may change; after that everything has to come to its end. With crashes, conflicts and stale caches.
import { ApiError } from '../../src/cluster/cluster.ts';
import type { Phase } from '../../src/api/status.ts';
import { isForeign } from '../../src/decide/foreign.ts';
import { Retry } from '../../src/model/errors.ts';
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import { isoFromMs } from '../../src/model/time.ts';
import type { Answer, Question } from '../../src/model/question.ts';
import { parseStatus } from '../../src/api/parse.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';
import type { Call } from '../../src/sandbox/store-cluster.ts';
import { leaveBehind } from '../fixture/flagger-left.ts';
import type { Left } from '../fixture/flagger-left.ts';
import { chanceFrom } from './chance.ts';
import type { Chance } from './chance.ts';
import { Process } from './process.ts';
import { APP, NAMESPACE, PRIMARY } from './targets.ts';
import { World } from './world.ts';

const STEP_MS = 2_000;
const SETTLING_STEPS = 30;
const ADOPTING_STEPS = 60;
const ENDING_STEPS = 1_500;
const SINCE_MS = 20_000;

interface TakeOver {
  readonly left: Left;
  /** The target was pushed again after Flagger's last write. */
  readonly pushed: boolean;
}

function pickOne(chance: Chance): TakeOver {
  const provider = chance.pick<Left['provider']>(['kubernetes', 'gatewayapi:v1', 'contour']);
  const phase = chance.pick<Phase>([
    'Initialized',
    'Succeeded',
    'Failed',
    'Waiting',
    'Progressing',
    'WaitingPromotion',
    'Promoting',
    'Finalising',
  ]);
  const iterated = provider === 'kubernetes' || chance.happens(0.4);
  const promoted = phase === 'Promoting' || phase === 'Finalising';
  const inRun = phase === 'Progressing' || phase === 'WaitingPromotion' || phase === 'Promoting';
  const atRest = phase === 'Initialized' || phase === 'Succeeded';
  const target = atRest && chance.happens(0.8) ? 'app:good-1' : 'app:good-2';
  return {
    left: {
      provider,
      phase,
      primary: promoted ? target : 'app:good-1',
      target,
      targetReplicas: inRun || phase === 'Finalising' ? 2 : 0,
      weight: inRun ? weightIn(chance, { phase, provider, iterated }) : 0,
      iterations: inRun && iterated ? 3 : phase === 'WaitingPromotion' ? -1 : 0,
      failedChecks: chance.between(0, 2),
      analysis: iterated
        ? { iterations: 4 }
        : { stepWeight: 20, maxWeight: 60, ...(chance.happens(0.3) ? { stepWeightPromotion: 50 } : {}) },
      config: { now: 'one', copied: chance.happens(0.1) ? 'zero' : 'one' },
    },
    pushed: chance.happens(0.2),
  };
}

function weightIn(
  chance: Chance,
  {
    phase,
    provider,
    iterated,
  }: { readonly phase: Phase; readonly provider: string; readonly iterated: boolean },
): number {
  if (provider === 'kubernetes') {
    return 0;
  }
  if (iterated) {
    return phase === 'Progressing' ? 0 : 100;
  }
  return phase === 'Progressing' ? chance.pick([0, 20, 40]) : 60;
}

class Crash extends Error {}

/** @returns what was wrong, or how it ended. */
export async function takeOver(seed: number): Promise<string> {
  return new Simulation(seed).play();
}

class Simulation {
  readonly #chance: Chance;
  readonly #world: World;
  readonly #one: TakeOver;
  readonly #cluster: StoreCluster;
  #process: Process;
  #calm = true;
  #crashed = false;
  #adopted = false;
  #before = '';
  #broken: string | undefined;

  constructor(seed: number) {
    this.#chance = chanceFrom(seed);
    this.#one = pickOne(this.#chance);
    const { left } = this.#one;
    this.#world = new World(this.#chance, left.provider);
    this.#cluster = new StoreCluster(this.#world.store, {
      before: (call) => this.#fail(call),
      after: (call) => this.#look(call),
    });
    this.#world.calm = true;
    leaveBehind(this.#world.store, left, this.#world.nowMs);
    for (let step = 0; step < SETTLING_STEPS; step += 1) {
      this.#world.advance(STEP_MS);
    }
    this.#leaveStatus();
    this.#before = this.#visible();
    this.#calm = false;
    this.#process = this.#start();
  }

  async play(): Promise<string> {
    for (let step = 0; step < ADOPTING_STEPS && !this.#adopted; step += 1) {
      await this.#step();
    }
    this.#calm = true;
    this.#process.wake();
    for (let step = 0; step < ENDING_STEPS; step += 1) {
      await this.#step();
      const end = this.#ended();
      if (end !== undefined) {
        return this.#asItShould(end);
      }
    }
    throw new Error(`does not end: ${this.#describe()}`);
  }

  /** What rested, and had nothing new, rests as it did: no run has come and gone. */
  #asItShould(end: string): string {
    const { left } = this.#one;
    const { phase, primary, target } = left;
    const rests =
      phase === 'Failed' || (primary === target && (phase === 'Initialized' || phase === 'Succeeded'));
    const { runs = [] } = this.#status();
    if (rests && !this.#differs() && (end !== `${phase} with ${primary}` || runs.length > 0)) {
      throw new Error(`rested in ${phase} and ends as ${end}: ${this.#describe()}`);
    }
    return end;
  }

  #differs(): boolean {
    const { left, pushed } = this.#one;
    return pushed || left.config?.now !== left.config?.copied;
  }

  /** Pods came after the status was made up: only now is it the latest thing that has happened. */
  #leaveStatus(): void {
    const { store, nowMs } = this.#world;
    const key = { namespace: NAMESPACE, name: APP };
    const status = { lastTransitionTime: isoFromMs(nowMs - SINCE_MS) };
    store.patch(resources.canaries, key, { kind: 'merge', body: { status } }, { subresource: 'status' });
    if (this.#one.pushed) {
      const time = isoFromMs(nowMs - SINCE_MS / 2);
      const fieldsV1 = { 'f:spec': { 'f:template': {} } };
      const containers = [{ name: 'app', image: 'app:good-3', ports: [{ containerPort: 8080 }] }];
      const body = {
        metadata: { managedFields: [{ manager: 'kubectl', operation: 'Update', time, fieldsV1 }] },
        spec: { template: { spec: { containers } } },
      };
      store.patch(resources.deployments, key, { kind: 'merge', body });
    }
  }

  #start(): Process {
    return new Process(this.#world, this.#cluster, { decided: () => undefined, intended: () => undefined });
  }

  async #step(): Promise<void> {
    this.#world.advance(STEP_MS);
    this.#process.hear(this.#calm);
    this.#process.answerSome((question) => pass(this.#world, question), this.#calm);
    this.#process.deliverSome(() => undefined, this.#calm);
    try {
      await this.#process.work();
    } catch (error) {
      const expected = this.#crashed || error instanceof Retry || error instanceof ApiError;
      if (!expected) {
        throw error;
      }
      this.#process.dueMs = this.#world.nowMs + STEP_MS;
    }
    if (this.#crashed) {
      this.#crashed = false;
      this.#process.end();
      this.#process = this.#start();
    }
    if (this.#broken !== undefined) {
      throw new Error(`${this.#broken}: ${this.#describe()}`);
    }
  }

  #fail({ verb, dryRun }: Call): void {
    if (this.#crashed) {
      throw new Crash('dead already');
    }
    if (this.#calm || dryRun === true || verb === 'get' || verb === 'list' || verb === 'watch') {
      return;
    }
    if (this.#chance.happens(0.1)) {
      throw new ApiError(409, 'Conflict', 'the object has been modified');
    }
    if (this.#chance.happens(0.1)) {
      this.#crashed = true;
      throw new Crash('before a write');
    }
  }

  /** Adoption alone changes no pod template and no weight, and starts no run unless the target really differs. */
  #look({ verb, dryRun }: Call): void {
    if (this.#adopted || dryRun === true || verb === 'get' || verb === 'list' || verb === 'watch') {
      return;
    }
    if (this.#visible() !== this.#before) {
      this.#broken ??= 'something that people see was changed before the Canary was taken over';
    }
    this.#adopted = !isForeign(this.#status());
    if (this.#adopted) {
      this.#broken ??= this.#wronglyAdopted();
    }
  }

  #status(): Parameters<typeof isForeign>[0] {
    const parsed = parseStatus(this.#world.canary()?.['status']);
    return parsed.ok ? parsed.status : {};
  }

  #wronglyAdopted(): string | undefined {
    const { left } = this.#one;
    const { run, phase, canaryWeight = 0 } = this.#status();
    if (left.phase === 'Waiting' || this.#differs()) {
      return undefined;
    }
    if (left.targetReplicas === 0 && (run !== undefined || phase !== left.phase)) {
      return `what rested in ${left.phase} is in ${phase ?? ''} now, ${run === undefined ? 'without' : 'with'} a run`;
    }
    const weighed = left.weight > 0 && left.analysis['iterations'] === undefined;
    return weighed && canaryWeight !== left.weight
      ? `the weight was ${left.weight} and is said to be ${canaryWeight}`
      : undefined;
  }

  /** Templates, sizes, Services and the route, as one text. */
  #visible(): string {
    const { store, routeResource } = this.#world;
    const specOf = (kind: (typeof resources)['services'], name: string): unknown =>
      store.find(kind, { namespace: NAMESPACE, name })?.['spec'];
    return JSON.stringify([
      specOf(resources.deployments, PRIMARY),
      specOf(resources.deployments, APP),
      ...['', '-primary', '-canary'].map((role) => specOf(resources.services, `${APP}${role}`)),
      routeResource === undefined ? undefined : specOf(routeResource, APP),
    ]);
  }

  #ended(): string | undefined {
    const { run, phase } = this.#status();
    const primary = this.#world.imageOf(PRIMARY);
    const settled = run === undefined && this.#adopted && this.#weight() === 0;
    const done = this.#world.imageOf(APP) === primary ? phase !== 'Waiting' : phase === 'Failed';
    return settled && done && this.#world.availableOf(PRIMARY) > 0
      ? `${phase ?? ''} with ${primary}`
      : undefined;
  }

  #weight(): number {
    return this.#world.traffic()?.canary ?? 0;
  }

  #describe(): string {
    return JSON.stringify({ one: this.#one, status: objectOf(this.#world.canary()?.['status']) });
  }
}

/** Everything passes, and requests go where the route says. */
function pass(world: World, question: Question): Answer {
  switch (question.kind) {
    case 'hook': {
      const outcome = question.type === 'rollback' ? 'denied' : 'passed';
      return { kind: 'hook', outcome, reason: 'HookPassed', message: '' };
    }
    case 'metric':
      return { kind: 'metric', measurement: { kind: 'value', value: 100 } };
    case 'requests': {
      const value = world.requestsTo(question.subject) ?? 0;
      return { kind: 'metric', measurement: { kind: 'value', value } };
    }
  }
}
