// What must never be, checked at every write that Serin makes: rules.ts lists it, this file remembers what the rules look at.
import type { Call } from '../../src/sandbox/store-cluster.ts';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitOf } from '../../src/traffic/router.ts';
import type { CanaryStatus } from '../../src/api/status.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { RouteView } from '../../src/traffic/router.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import { findAutoscaler } from './autoscalers.ts';
import { findSecret } from './configuration.ts';
import { notesOf } from './controllers.ts';
import type { Process } from './process.ts';
import { rules } from './rules.ts';
import type { Moment } from './rules.ts';
import { secondSplit } from './second-route.ts';
import { APP, PRIMARY, WARM } from './targets.ts';
import type { World } from './world.ts';

export class Violation extends Error {}

/** Remembers what was true before a write, and judges what is true after it. */
export class Invariants {
  readonly #world: World;
  readonly #provider: string;
  #before: Moment;
  /** Images that a run has seen passing, and those that were live before any analysis. */
  readonly allowed = new Set<string>();
  /** What the last question of each key was told of requests; undefined: nothing. */
  readonly counted = new Map<string, number | undefined>();
  /** Images that went live with the first set-up, whatever they are like. */
  readonly initial = new Set<string>();
  #noted = { identity: '', revision: '' };
  readonly #carriedOut = new Set<string>();
  process: Process | undefined;
  #route: { readonly of: KubeObject; readonly view: RouteView } | undefined;

  constructor(world: World, provider: string) {
    this.#world = world;
    this.#provider = provider;
    this.#before = this.#now();
  }

  /** D1: what was noted of a target is what the same generation of it counts as, however it reads now; 0 fences nothing. */
  targetCountsAs(seen: Observation): void {
    // Some kinds, such as Services, have no generation: of them nobody can say that they have not changed.
    const now = seen.target?.generation === 0 ? undefined : seen.target?.revision;
    const { identity, revision } = this.#noted;
    const fenced = (seen.target?.generation ?? 0) > 0;
    if (fenced && now !== undefined && identity === identityOf(seen) && now !== revision) {
      throw new Violation(`the target was ${revision}, has not changed, and counts as ${now}`);
    }
  }

  /** With every status that is stored; one that another controller writes as well holds no note. */
  targetNoted(seen: Observation, { target }: CanaryStatus): void {
    if (seen.target !== undefined) {
      const noted = target?.generation === seen.target.generation;
      this.#noted = { identity: noted ? identityOf(seen) : '', revision: seen.target.revision };
    }
  }

  before(): void {
    this.#before = this.#now();
  }

  after(call: Call): void {
    const { process } = this;
    if (process === undefined) {
      return;
    }
    const now = this.#now();
    for (const { name, broken } of rules) {
      const wrong = broken({
        before: this.#before,
        now,
        call,
        believes: (workload) => process.believes(workload),
        nowMs: this.#world.nowMs,
        setBackMs: this.#world.setBackMs,
        trusting: this.#world.manifest['skipAnalysis'] === true,
        allowed: this.allowed,
        initial: this.initial,
        counted: this.counted,
        carriedOut: this.#carriedOut,
      });
      if (wrong !== undefined) {
        throw new Violation(`${name}: ${wrong}`);
      }
    }
    this.#before = now;
  }

  #workload(name: string): Moment['primary'] {
    const world = this.#world;
    return world.workload(name) === undefined
      ? undefined
      : { image: world.imageOf(name), size: world.sizeOf(name) };
  }

  #now(): Moment {
    const route = this.#world.route();
    const view = this.#viewOf(route);
    return {
      route,
      split: view === undefined ? undefined : splitOf(view, APP),
      second: secondSplit(this.#world),
      weights: view?.weights,
      primary: this.#workload(PRIMARY),
      target: this.#workload(APP),
      primaryAutoscaler: findAutoscaler(this.#world, PRIMARY),
      targetAutoscaler: findAutoscaler(this.#world, APP),
      warm: this.#workload(WARM),
      secret: findSecret(this.#world),
      status: objectOf(this.#world.canary()?.['status']),
      notes: notesOf(this.#world),
    };
  }

  /** Looked at around every write, and seldom changed. */
  #viewOf(route: KubeObject | undefined): RouteView | undefined {
    if (route === undefined) {
      return undefined;
    }
    if (this.#route?.of !== route) {
      const view = routerFor(this.#provider)?.route?.view(route);
      this.#route = view === undefined ? undefined : { of: route, view };
    }
    return this.#route?.view;
  }
}

/** Of a target as one Canary knows it: another Canary of the same name knows nothing of it. */
function identityOf({ uid, target, configs }: Observation): string {
  return `${uid} ${target?.uid} ${target?.generation} ${JSON.stringify(configs)}`;
}
