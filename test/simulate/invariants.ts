// What must never be, checked at every write that Serin makes.
import type { Call } from '../../src/sandbox/store-cluster.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { objectOf } from '../../src/model/json.ts';
import { splitOf } from '../../src/traffic/router.ts';
import type { Split } from '../../src/model/split.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import type { Process } from './process.ts';
import { APP, imageOfDeployment, qualityOf } from './world.ts';
import type { World } from './world.ts';

export class Violation extends Error {}

/** Remembers what was true before a write, and judges what is true after it. */
export class Invariants {
  readonly #world: World;
  readonly #provider: string;
  #before: Before;
  /** Images that a run has seen passing, and those that were live before any analysis. */
  readonly allowed = new Set<string>();
  /** Images that went live with the first set-up, whatever they are like. */
  readonly initial = new Set<string>();
  skipAnalysis = false;
  process: Process | undefined;
  readonly #told = new Map<string, string>();

  constructor(world: World, provider: string) {
    this.#world = world;
    this.#provider = provider;
    this.#before = this.#now();
  }

  before(): void {
    this.#before = this.#now();
  }

  after(call: Call): void {
    if (call.dryRun === true || call.verb === 'get' || call.verb === 'list' || call.verb === 'watch') {
      return;
    }
    const now = this.#now();
    this.#splitIsSound(now);
    this.#trafficGoesWhereItIsServed(now);
    this.#primaryIsAnalysed(now);
    this.#scalesDownSafely(now);
    this.#before = now;
  }

  /** A notice may arrive again after a crash, under the same number and in the same words. */
  told(id: string, message: string): void {
    const before = this.#told.get(id);
    if (before !== undefined && before !== message) {
      throw new Violation(`notice ${id} said "${before}" first, then "${message}"`);
    }
    this.#told.set(id, message);
  }

  /** Every notice that was stored has arrived, and none stands in status any more. */
  nothingIsOwed(): boolean {
    const canary = this.#world.canary();
    const { lastSeq = 0, notices = [] } = objectOf(objectOf(canary?.['status'])['outbox']);
    const told = Array.from(
      { length: Number(lastSeq) },
      (_, index) => `${canary?.metadata.uid}/${index + 1}`,
    );
    const missing = told.filter((id) => !this.#told.has(id));
    if (Array.isArray(notices) && notices.length === 0 && missing.length > 0) {
      throw new Violation(`notices that never arrived: ${missing.join(', ')}`);
    }
    return Array.isArray(notices) && notices.length === 0;
  }

  #now(): Before {
    const route = this.#world.route();
    const router = routerFor(this.#provider)?.route;
    return {
      split: route === undefined || router === undefined ? undefined : splitOf(router.view(route), APP),
      weights: route === undefined || router === undefined ? undefined : router.view(route).weights,
      primary: this.#world.deployment(`${APP}-primary`),
      target: this.#world.deployment(APP),
      status: objectOf(this.#world.canary()?.['status']),
    };
  }

  #splitIsSound({ weights, status }: Before): void {
    const total = Object.values(weights ?? { all: 100 }).reduce((sum, weight) => sum + weight, 0);
    if (weights !== undefined && weights !== this.#before.weights && total !== 100) {
      throw new Violation(`the route's weights sum to ${total}: ${JSON.stringify(weights)}`);
    }
    const split = objectOf(objectOf(status['run'])['split']);
    if (split['primary'] !== undefined && Number(split['primary']) + Number(split['canary']) !== 100) {
      throw new Violation(`status.run.split sums to something else than 100: ${JSON.stringify(split)}`);
    }
  }

  /** Judged by what the process can know: a pod that died this instant is nobody's fault. */
  #trafficGoesWhereItIsServed({ split }: Before): void {
    const { process } = this;
    const old = this.#before.split;
    if (split === undefined || process === undefined || (old !== undefined && old.canary === split.canary)) {
      return;
    }
    const primary = process.believes(`${APP}-primary`);
    const canary = process.believes(APP);
    if (split.canary > (old?.canary ?? 0) && canary === 0 && primary > 0) {
      throw new Violation(
        `weight ${split.canary} was given to a canary without pods while the primary has ${primary}`,
      );
    }
    if (split.primary > (old?.primary ?? 0) && primary === 0 && canary > 0) {
      throw new Violation(
        `weight ${split.primary} was given to a primary without pods while the canary has ${canary}`,
      );
    }
  }

  #primaryIsAnalysed({ primary }: Before): void {
    const image = imageOfDeployment(primary);
    if (primary === undefined || image === imageOfDeployment(this.#before.primary) || this.skipAnalysis) {
      return;
    }
    if (!this.allowed.has(image)) {
      throw new Violation(`the primary was given ${image}, which no run has analysed`);
    }
    const initialised = this.#before.status['lastPromotedSpec'] !== undefined;
    if (initialised && qualityOf(image) !== 'good' && !this.initial.has(image)) {
      throw new Violation(`the primary was given ${image}, which fails its checks`);
    }
  }

  #scalesDownSafely({ primary, target, split }: Before): void {
    if (primary !== undefined && size(this.#before.primary) > 0 && size(primary) === 0) {
      throw new Violation('the primary was scaled to zero');
    }
    const scaledDown = target !== undefined && size(this.#before.target) > 0 && size(target) === 0;
    if (!scaledDown || this.process === undefined) {
      return;
    }
    if (split !== undefined && split.canary > 0) {
      throw new Violation(`the target was scaled down while it gets ${split.canary} % of the traffic`);
    }
    if (this.process.believes(`${APP}-primary`) === 0 && this.process.believes(APP) > 0) {
      throw new Violation('the target was scaled down while the primary has no pods');
    }
  }
}

interface Before {
  readonly split: Split | undefined;
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly primary: KubeObject | undefined;
  readonly target: KubeObject | undefined;
  readonly status: Readonly<Record<string, unknown>>;
}

function size(object: KubeObject | undefined): number {
  return Number(objectOf(object?.['spec'])['replicas'] ?? 0);
}
