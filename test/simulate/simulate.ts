// One seeded run: first break, and check that nothing wrong happens; then heal, and check that it ends. The real pass runs
// against a simulated cluster with crashes between any two writes, conflicts, stale caches, lost and repeated events,
// clock jumps, metrics that vanish, hooks that hang and people who edit or delete anything.
import { ApiError } from '../../src/cluster/cluster.ts';
import { Retry } from '../../src/model/errors.ts';
import { resources } from '../../src/model/kube.ts';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';
import type { Call } from '../../src/sandbox/store-cluster.ts';
import { stopOthers } from './another-controller.ts';
import { unrestOf } from './autoscalers.ts';
import { Answers } from './answers.ts';
import { chanceFrom } from './chance.ts';
import type { Chance } from './chance.ts';
import { approveAtGate, command, isAwaitingAnswer, runOf } from './commands.ts';
import { Seen } from './coverage.ts';
import { Deliveries } from './deliveries.ts';
import { habitsOf, meddle } from './habits.ts';
import type { Habit } from './habits.ts';
import { Invariants, Violation } from './invariants.ts';
import { Process } from './process.ts';
import { scenarioOf } from './shapes.ts';
import type { Scenario } from './shapes.ts';
import { findRival } from './spoils.ts';
import { APP, NAMESPACE, PRIMARY, WARM } from './targets.ts';
import { applyCanary, canaryOf, patchWorkload, push } from './users.ts';
import { World, qualityOf } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly ok: boolean;
  /** What was violated, or how it ended. */
  readonly verdict: string;
  readonly transcript: readonly string[];
  readonly writes: number;
  readonly crashes: number;
  /** What has happened at all; see coverage.ts. */
  readonly seen: readonly string[];
}

class Crash extends Error {}

const STEP_MS = 2_000;
const BREAKING_STEPS = 100;
const HEALING_STEPS = 3_000;
const QUIET_STEPS = 60;
const REST_STEPS = 40;

export async function simulate(seed: number): Promise<Outcome> {
  const run = new Simulation(seed);
  try {
    const verdict = await run.play();
    return { seed, ok: true, verdict, ...run.record() };
  } catch (error) {
    const verdict =
      error instanceof Violation || !(error instanceof Error)
        ? String(error)
        : (error.stack ?? error.message);
    return { seed, ok: false, verdict, ...run.record() };
  }
}

class Simulation {
  readonly #chance: Chance;
  readonly #world: World;
  readonly #invariants: Invariants;
  readonly #cluster: StoreCluster;
  readonly #objects: Scenario['objects'];
  #lastImage = 'app:good-1';
  readonly #answers: Answers;
  readonly #habits: readonly Habit[];
  readonly #deliveries: Deliveries;
  readonly #seen = new Seen();
  readonly #transcript: string[] = [];
  #process: Process;
  #calm = false;
  #writes = 0;
  #crashes = 0;
  #broken: Violation | undefined;
  /** Set until the next life begins: what the dead process still tries must fail, however the first failure was caught. */
  #crashed = false;

  constructor(seed: number) {
    this.#chance = chanceFrom(seed);
    const { provider, target, spec, objects, shapes } = scenarioOf(this.#chance);
    this.#world = new World(this.#chance, provider, target);
    this.#world.manifest = spec;
    this.#invariants = new Invariants(this.#world, provider);
    this.#habits = habitsOf(this.#chance);
    this.#answers = new Answers(this.#world, this.#invariants);
    this.#deliveries = new Deliveries(this.#world);
    this.#cluster = new StoreCluster(this.#world.store, {
      before: (call) => {
        this.#beforeWrite(call);
      },
      after: (call) => {
        this.#afterWrite(call);
      },
    });
    for (const [resource, object] of objects) {
      this.#world.store.create(resource, object);
    }
    this.#objects = objects;
    this.#world.store.create(resources.canaries, canaryOf(APP, spec));
    shapes.forEach((name) => this.#seen.shape(name));
    this.#invariants.allowed.add('app:good-1');
    this.#process = this.#start();
  }

  record(): Pick<Outcome, 'transcript' | 'writes' | 'crashes' | 'seen'> {
    return {
      transcript: this.#transcript,
      writes: this.#writes,
      crashes: this.#crashes,
      seen: this.#seen.names(),
    };
  }

  async play(): Promise<string> {
    if (this.#chance.happens(0.7)) {
      await this.#begin();
    }
    for (let step = 0; step < BREAKING_STEPS; step += 1) {
      this.#disturb();
      await this.#step();
    }
    this.#heal();
    for (let step = 0; step < HEALING_STEPS; step += 1) {
      await this.#step();
      const end = this.#ended();
      if (end !== undefined && step > 5) {
        await this.#rest();
        return end;
      }
    }
    throw new Violation(
      `does not end: ${unrestOf(this.#world) ?? ''} primary ${this.#world.imageOf(PRIMARY)}, target ${this.#world.imageOf(APP)}, ` +
        JSON.stringify(this.#world.canary()?.['status']),
    );
  }

  /** Most seeds begin with a set-up in peace and a first push, so that what breaks, breaks in the middle of something. */
  async #begin(): Promise<void> {
    this.#becalm(true);
    for (let step = 0; step < QUIET_STEPS && this.#phase() !== 'Initialized'; step += 1) {
      await this.#step();
    }
    this.#becalm(false);
    this.#say(`somebody ${push(this.#world, `app:${this.#chance.pick(['good', 'good', 'bad'])}-0`)}`);
  }

  #becalm(calm: boolean): void {
    this.#calm = calm;
    this.#world.calm = calm;
  }

  #phase(): unknown {
    return objectOf(this.#world.canary()?.['status'])['phase'];
  }

  /** D28: where nothing happens nothing is written. */
  async #rest(): Promise<void> {
    const before = this.#writes;
    for (let step = 0; step < REST_STEPS; step += 1) {
      await this.#step();
    }
    if (this.#writes > before) {
      throw new Violation(`D28: ${this.#writes - before} writes while nothing happens`);
    }
  }

  #start(): Process {
    const process = new Process(this.#world, this.#cluster, {
      decided: (seen, decision) => {
        this.#seen.decision(seen, decision);
        this.#invariants.targetCountsAs(seen);
        if (decision.kind !== 'enact' || decision.actions.length > 0) {
          this.#say(
            `${decision.kind} ${decision.reason}${decision.kind === 'enact' ? ` ${JSON.stringify(decision.actions)}` : ''}`,
          );
        }
      },
      intended: (_view, seen, { reason, status }) => {
        this.#invariants.targetNoted(seen, status);
        if (reason === 'LiveRevisionLost') {
          const image = this.#world.imageOf(APP);
          this.#invariants.allowed.add(image);
          this.#invariants.initial.add(image);
        }
      },
    });
    this.#invariants.process = process;
    return process;
  }

  #say(what: string): void {
    this.#transcript.push(`${((this.#world.nowMs - 1_700_000_000_000) / 1000).toFixed(0)}s ${what}`);
  }

  #disturb(): void {
    const { chance } = this.#world;
    if (chance.happens(0.04)) {
      const { name, done } = meddle(this.#habits, this.#world, this.#invariants);
      if (done !== undefined) {
        this.#seen.habit(name);
        this.#say(`somebody ${done}`);
      }
      this.#allowLive();
    }
    const approval = approveAtGate(this.#world);
    if (approval !== undefined) {
      this.#say(`somebody ${approval}`);
    }
    if (!this.#world.upgraded && chance.happens(0.004)) {
      this.#upgrade();
    }
    if (chance.happens(0.0005)) {
      this.#world.nowMs += 90_000_000;
      this.#say('the clock jumps by more than a day');
    }
    if (chance.happens(0.005)) {
      const jumpMs = chance.between(-60_000, 300_000);
      this.#world.nowMs += jumpMs;
      this.#world.setBackMs += Math.max(0, -jumpMs);
      this.#say(`the clock jumps by ${jumpMs} ms`);
    }
  }

  /** Every watch breaks with it, so the process begins anew. */
  #upgrade(): void {
    this.#world.upgraded = true;
    this.#say('the API server is upgraded');
    this.#crashes += 1;
    this.#process.end();
    this.#process = this.#start();
  }

  /** What the target holds before anything was initialised goes live without an analysis: there is nothing to compare. */
  #allowLive(): void {
    if (objectOf(this.#world.canary()?.['status'])['lastPromotedSpec'] === undefined) {
      const image = this.#world.imageOf(APP);
      this.#invariants.allowed.add(image);
      this.#invariants.initial.add(image);
    }
  }

  async #step(): Promise<void> {
    this.#world.advance(STEP_MS);
    this.#makeAgain();
    this.#allowLive();
    this.#process.hear(this.#calm);
    this.#process.answerSome((question) => this.#answers.to(question), this.#calm);
    this.#process.deliverSome((id, message) => {
      this.#deliveries.told(id, message);
    }, this.#calm);
    try {
      await this.#process.work();
    } catch (error) {
      this.#survive(error);
    }
    if (this.#crashed) {
      this.#survive(new Crash('unnoticed'));
    }
    if (this.#broken !== undefined) {
      throw this.#broken;
    }
  }

  /** What somebody deleted is applied again sooner or later: manifests live in Git. */
  #makeAgain(): void {
    const { store } = this.#world;
    const soon = (): boolean => this.#calm || this.#chance.happens(0.1);
    if (this.#world.workload(APP) === undefined && soon()) {
      const { target } = this.#world;
      store.create(target.resource, target.manifest(this.#lastImage, this.#chance.between(0, 3)));
      this.#say(`somebody applies the target again with ${this.#lastImage}`);
      this.#allowLive();
    }
    if (this.#world.canary() === undefined && soon()) {
      store.create(resources.canaries, canaryOf(APP, this.#world.manifest));
      this.#say('somebody applies the Canary again');
      this.#allowLive();
    }
    const paused = runOf(objectOf(this.#world.canary()?.['status']))['paused'] !== undefined;
    if (this.#calm && paused && !isAwaitingAnswer(this.#world)) {
      this.#say(`somebody ${command(this.#world, { verb: 'resume' })}`);
    }
    this.#lastImage = this.#world.imageOf(APP) || this.#lastImage;
    for (const [resource, object] of this.#objects) {
      if (
        resource !== this.#world.target.resource &&
        store.find(resource, object.metadata) === undefined &&
        soon()
      ) {
        store.create(resource, object);
        this.#say(`somebody applies ${object.kind} ${object.metadata.name} again`);
      }
    }
  }

  #survive(error: unknown): void {
    if (this.#crashed) {
      this.#crashed = false;
      this.#crashes += 1;
      this.#say('crashes');
      this.#process.end();
      this.#process = this.#start();
      return;
    }
    if (!(error instanceof Retry) && !(error instanceof ApiError)) {
      throw error;
    }
    this.#say(`retries: ${error.message}`);
    this.#process.dueMs = this.#world.nowMs + STEP_MS;
  }

  #crash(when: string): never {
    this.#crashed = true;
    throw new Crash(when);
  }

  #beforeWrite(call: Call): void {
    const { chance } = this.#world;
    if (this.#crashed) {
      throw new Crash('dead already');
    }
    if (!this.#calm && chance.happens(0.02)) {
      throw new ApiError(409, 'Conflict', 'the object has been modified');
    }
    if (!this.#calm && chance.happens(0.01)) {
      throw new Error('socket hang up');
    }
    if (call.resource.kind === 'Secret' && (call.verb === 'list' || call.verb === 'watch')) {
      this.#broken ??= new Violation(`Secrets are read by name, never by ${call.verb}`);
    }
    const { refusing } = this.#world.troubles;
    if (refusing && call.verb !== 'delete' && call.resource.kind !== 'Canary' && isWriteOrTrial(call)) {
      throw new ApiError(403, 'Forbidden', 'admission webhook "policy.example.com" denied the request');
    }
    if (this.#world.troubles.noRoom && isWriteOrTrial(call) && isWarm(call)) {
      throw new ApiError(403, 'Forbidden', 'exceeded quota: compute');
    }
    if (isWrite(call)) {
      this.#invariants.before();
      if (!this.#calm && chance.happens(0.02)) {
        this.#crash('before a write');
      }
    }
  }

  #afterWrite(call: Call): void {
    if (!isWrite(call)) {
      return;
    }
    this.#writes += 1;
    try {
      this.#invariants.after(call);
    } catch (error) {
      // Remembered here: what a hook throws may be caught on the way as if the server had failed.
      this.#broken ??= error instanceof Violation ? error : new Violation(String(error));
    }
    if (!this.#calm && this.#chance.happens(0.02)) {
      this.#crash('after a write');
    }
  }

  #heal(): void {
    this.#say('everything heals');
    this.#becalm(true);
    this.#world.primaryDown = false;
    this.#world.troubles.end();
    applyCanary(this.#world);
    stopOthers(this.#world);
    this.#tidy();
    if (qualityOf(this.#world.imageOf(APP)) === 'broken' && this.#chance.happens(0.5)) {
      this.#say(`somebody ${push(this.#world, 'app:good-last')}`);
    }
    this.#allowLive();
    this.#process.wake();
  }

  /** What nobody would leave as it is: another Canary on the same target, a target that nothing can select. */
  #tidy(): void {
    const { store } = this.#world;
    if (findRival(this.#world)) {
      store.delete(resources.canaries, { namespace: NAMESPACE, name: 'rival' });
    }
    for (const name of [APP, PRIMARY]) {
      const workload = this.#world.workload(name);
      if (workload !== undefined && workload.metadata.labels?.['component'] !== undefined) {
        store.delete(this.#world.target.resource, workload.metadata);
      }
    }
    if (this.#world.target.resource === resources.daemonSets) {
      patchWorkload(this.#world, APP, { updateStrategy: { type: 'RollingUpdate' } });
    }
  }

  /** The end: no run, traffic at a primary that serves, and a target that is live or has been refused. */
  #ended(): string | undefined {
    const status = objectOf(this.#world.canary()?.['status']);
    const phase = String(status['phase']);
    if (status['run'] !== undefined || !['Initialized', 'Succeeded', 'Failed'].includes(phase)) {
      return undefined;
    }
    // Whoever stands aside for another controller has not come to rest.
    const aside = objectsOf(status['conditions']).some(({ reason }) => reason === 'AnotherController');
    if (aside || !this.#deliveries.nothingIsOwed() || isAwaitingAnswer(this.#world)) {
      return undefined;
    }
    // What somebody left to nobody is theirs to take away.
    const warmOf = this.#world.workload(WARM)?.metadata.ownerReferences?.[0]?.uid;
    if (warmOf !== undefined && warmOf === this.#world.canary()?.metadata.uid) {
      return undefined;
    }
    const live = status['lastPromotedSpec'];
    const target = this.#world.imageOf(APP);
    if (live === undefined) {
      return phase === 'Failed' && qualityOf(target) === 'broken' ? 'Failed: never initialised' : undefined;
    }
    const primary = this.#world.imageOf(PRIMARY);
    const settled = target === primary || phase === 'Failed';
    const serving = this.#world.availableOf(`${APP}-primary`) > 0;
    const trusted = this.#world.manifest['skipAnalysis'] === true || this.#invariants.initial.has(primary);
    // It may have turned bad since it was analysed.
    const proven = qualityOf(primary) === 'good' || trusted || this.#invariants.allowed.has(primary);
    return settled && serving && proven && unrestOf(this.#world) === undefined
      ? `${phase} with ${primary}`
      : undefined;
  }
}

function isWrite(call: Call): boolean {
  return call.dryRun !== true && isWriteOrTrial(call);
}

function isWriteOrTrial({ verb }: Call): boolean {
  return verb !== 'get' && verb !== 'list' && verb !== 'watch';
}

function isWarm({ verb, key }: Call): boolean {
  return verb === 'create' && key === `${NAMESPACE}/${WARM}`;
}
