// What must never be. Each rule is judged by what the process can know: a pod that died this instant is nobody's fault.
// A new feature adds a rule here where it could do harm.
import { objectOf, objectsOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Call } from '../../src/sandbox/store-cluster.ts';
import type { Split } from '../../src/model/split.ts';
import { autoscalerRules } from './autoscalers.ts';
import { configurationRules } from './configuration.ts';
import { besideRules } from './beside.ts';
import { carriedOutBetween, isForced, movedWhilePaused } from './commands.ts';
import { secondRules } from './second-route.ts';
import { APP, PRIMARY, WARM } from './targets.ts';
import { KEY, qualityOf } from './world.ts';

/** `size`: how many pods it wants. */
interface Workload {
  readonly image: string;
  readonly size: number;
}

/** What the cluster holds at one moment. */
export interface Moment {
  readonly split: Split | undefined;
  /** Of the second route; undefined where there is none. */
  readonly second: Split | undefined;
  readonly route: KubeObject | undefined;
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly primary: Workload | undefined;
  readonly target: Workload | undefined;
  readonly primaryAutoscaler: KubeObject | undefined;
  readonly targetAutoscaler: KubeObject | undefined;
  /** Pods of the revision before, on probation. */
  readonly warm: Workload | undefined;
  /** That the pods use. */
  readonly secret: KubeObject | undefined;
  readonly status: Readonly<Record<string, unknown>>;
  /** Annotations of others on what Serin writes too, by object. */
  readonly notes: ReadonlyMap<string, string>;
}

export interface Write {
  readonly before: Moment;
  readonly now: Moment;
  readonly call: Call;
  /** How many available pods the process believes a workload to have. */
  readonly believes: (workload: string) => number;
  readonly nowMs: number;
  readonly setBackMs: number;
  /** The analysis is skipped: whatever gets ready may go live. */
  readonly trusting: boolean;
  readonly allowed: Set<string>;
  readonly initial: Set<string>;
  /** Requests by the key of the question about them. */
  readonly counted: ReadonlyMap<string, number | undefined>;
  /** UIDs of commands. */
  readonly carriedOut: Set<string>;
}

export interface Rule {
  readonly name: string;
  /** What is wrong with this write, if anything. */
  readonly broken: (write: Write) => string | undefined;
}

export const rules: readonly Rule[] = [
  {
    name: 'the weights of the route sum to 100',
    broken: ({ before, now: { weights } }) => {
      const total = Object.values(weights ?? { all: 100 }).reduce((sum, weight) => sum + weight, 0);
      return weights === before.weights || total === 100 ? undefined : JSON.stringify(weights);
    },
  },
  {
    name: 'the split in status sums to 100',
    broken: ({ now: { status } }) => {
      const split = objectOf(objectOf(status['run'])['split']);
      const total = Number(split['primary'] ?? 100) + Number(split['canary'] ?? 0);
      return total === 100 ? undefined : JSON.stringify(split);
    },
  },
  {
    name: 'traffic goes where it is served',
    broken: ({ before, now: { split, status }, believes }) => {
      if (split === undefined || before.split?.canary === split.canary) {
        return undefined;
      }
      // Past its deadline a deletion gives back to whatever the target is like: the primary is about to go.
      if (status['phase'] === 'Terminating') {
        return undefined;
      }
      const primary = believes(PRIMARY);
      const canary = believes(objectOf(status['run'])['warm'] === true ? WARM : APP);
      if (split.canary > (before.split?.canary ?? 0) && canary === 0 && primary > 0) {
        return `weight ${split.canary} was given to a canary without pods while the primary has ${primary}`;
      }
      return split.primary > (before.split?.primary ?? 0) && primary === 0 && canary > 0
        ? `weight ${split.primary} was given to a primary without pods while the canary has ${canary}`
        : undefined;
    },
  },
  {
    name: 'the primary holds what was analysed',
    broken: ({ before, now: { primary }, trusting, allowed, initial }) => {
      if (primary === undefined || trusting || primary.image === before.primary?.image) {
        return undefined;
      }
      const { image } = primary;
      if (isForced(before.status)) {
        allowed.add(image);
        initial.add(image);
      }
      if (!allowed.has(image)) {
        return `it was given ${image}, which no run has analysed`;
      }
      const initialised = before.status['lastPromotedSpec'] !== undefined;
      return initialised && qualityOf(image) !== 'good' && !initial.has(image)
        ? `it was given ${image}, which fails its checks`
        : undefined;
    },
  },
  {
    name: 'a command is carried out once at most',
    broken: ({ before, now, carriedOut }) => {
      const fresh = carriedOutBetween(before.status, now.status);
      const twice = fresh.find((uid) => carriedOut.has(uid));
      fresh.forEach((uid) => carriedOut.add(uid));
      return twice;
    },
  },
  {
    name: 'a paused run stays where it is',
    broken: ({ before, now }) => movedWhilePaused(before.status, now.status),
  },
  {
    name: 'the primary is never scaled to zero',
    broken: ({ before, now: { primary } }) =>
      primary !== undefined && sizeOf(before.primary) > 0 && sizeOf(primary) === 0 ? 'it was' : undefined,
  },
  {
    name: 'the target is scaled down only when nobody needs it',
    broken: ({ before, now: { target, split }, believes }) => {
      if (target === undefined || sizeOf(before.target) === 0 || sizeOf(target) > 0) {
        return undefined;
      }
      if (split !== undefined && split.canary > 0) {
        return `it was, while it gets ${split.canary} % of the traffic`;
      }
      return believes(PRIMARY) === 0 && believes(APP) > 0
        ? 'it was, while the primary has no pods'
        : undefined;
    },
  },
  ...autoscalerRules,
  ...configurationRules,
  ...besideRules,
  ...secondRules,
  {
    name: 'D8: a route is written with the weight that status says, whatever else is wrong with it',
    broken: ({ now: { status, split }, call }) => {
      const wanted = Number(objectOf(objectOf(status['run'])['split'])['canary'] ?? 0);
      const leaving = status['phase'] === 'Terminating' || status['phase'] === undefined;
      return split === undefined || leaving || !isRoute(call) || split.canary === wanted
        ? undefined
        : `it says ${split.canary}, status ${wanted}`;
    },
  },
  {
    name: 'what others have written stays',
    broken: ({ before, now }) =>
      [...before.notes].find(
        ([object, note]) => note !== '' && (now.notes.get(object) ?? note) !== note,
      )?.[0],
  },
  {
    name: 'a run is pinned to its revision',
    broken: ({ before, now }) => {
      const [old, run] = [objectOf(before.status['run']), objectOf(now.status['run'])];
      const pinned = old['kind'] === 'rollout' && old['id'] === run['id'];
      return pinned && old['revision'] !== run['revision']
        ? `it went from ${String(old['revision'])} to ${String(run['revision'])}`
        : undefined;
    },
  },
  {
    name: 'a step is taken only when the one before has been in effect for an interval',
    broken: ({ before, now, nowMs, setBackMs }) => {
      const [old, run] = [objectOf(before.status['run']), objectOf(now.status['run'])];
      const from = Number(objectOf(old['split'])['canary'] ?? 0);
      const to = Number(objectOf(run['split'])['canary'] ?? 0);
      const stepped = old['id'] === run['id'] && run['stage'] === 'analysis' && from > 0 && to > from;
      // Who commands a step takes it without waiting.
      const told = objectsOf(now.status['commands']).some(
        ({ verb, run: of }) => verb === 'step' && of === run['id'],
      );
      const dueMs = Date.parse(String(old['settledAt'])) + Number(objectOf(old['plan'])['intervalMs']);
      return stepped && !told && !(nowMs + setBackMs >= dueMs)
        ? `from ${from} to ${to}, ${dueMs - nowMs} ms too early`
        : undefined;
    },
  },
  {
    name: 'a run goes on only from a weight at which the canary was not seen to get nothing',
    broken: ({ before, now, counted }) => {
      const [old, run] = [objectOf(before.status['run']), objectOf(now.status['run'])];
      const from = Number(objectOf(old['split'])['canary'] ?? 0);
      const up = Number(objectOf(run['split'])['canary'] ?? 0) > from;
      const goesOn = old['id'] === run['id'] && old['stage'] === 'analysis' && from > 0;
      const told = old['unchecked'] === true || objectOf(run['command'])['verb'] === 'promote';
      if (!goesOn || told || !(up || run['stage'] === 'promote')) {
        return undefined;
      }
      const requestsOf = (side: string): number | undefined =>
        counted.get(`${roundOf(old)}/requests:${side}`);
      return requestsOf('canary') === 0 && (requestsOf('primary') ?? 0) > 0
        ? `it does at ${from}, where all requests went to the primary`
        : undefined;
    },
  },
  {
    name: 'a canary keeps its pods while it is seen to get requests',
    broken: ({ before, now, counted, nowMs }) => {
      const [old, run] = [objectOf(before.status['run']), objectOf(now.status['run'])];
      const leaves = old['id'] === run['id'] && old['stage'] === 'return' && run['stage'] === 'scale-down';
      const requests = counted.get(`${roundOf(old)}/idle`) ?? 0;
      const since = objectOf(old['traffic'])['since'];
      const untilMs = Date.parse(String(since)) + Number(objectOf(old['plan'])['progressDeadlineMs']);
      return leaves && requests > 0 && !(nowMs >= untilMs) ? `it got ${requests}` : undefined;
    },
  },
  {
    name: 'a run ends with the round that reaches the threshold',
    broken: ({ before, now }) => {
      const [old, run] = [objectOf(before.status['run']), objectOf(now.status['run'])];
      const { threshold } = objectOf(run['plan']);
      const failed = failuresOf(run);
      const reached = old['id'] === run['id'] && failed > failuresOf(old) && failed >= Number(threshold);
      return reached && run['stage'] === 'analysis'
        ? `${failed} rounds did not pass, of ${String(threshold)}`
        : undefined;
    },
  },
  {
    name: 'status shows the weight that the run has',
    broken: ({ now: { status }, call }) => {
      if (call.subresource !== 'status' || call.resource.kind !== 'Canary') {
        return undefined;
      }
      const run = objectOf(status['run']);
      const weight = objectOf(run['split'])['canary'];
      const told = objectOf(run['plan'])['strategy'] !== 'ab-testing' && weight !== undefined;
      return told && status['canaryWeight'] !== weight
        ? `it shows ${Number(status['canaryWeight'])}, the run has ${Number(weight)}`
        : undefined;
    },
  },
  {
    name: 'pods of the revision before are there on probation only',
    broken: ({ before, now: { warm, split, status } }) => {
      const wanted = objectOf(status['run'])['warm'] === true;
      if (before.warm === undefined && warm !== undefined) {
        return wanted ? undefined : 'they were made while no run wants them';
      }
      if (before.warm === undefined || warm !== undefined) {
        return undefined;
      }
      return wanted || (split?.canary ?? 0) > 0
        ? 'they were taken away while somebody needs them'
        : undefined;
    },
  },
];

/** As the keys of its questions begin. */
function roundOf(run: Readonly<Record<string, unknown>>): string {
  return `${String(run['id'])}/${Number(objectOf(run['round'])['seq'] ?? 0)}`;
}

function sizeOf(workload: Workload | undefined): number {
  return workload?.size ?? 0;
}

/** Rounds of a run that did not pass, for whatever cause. */
function failuresOf(run: Readonly<Record<string, unknown>>): number {
  return Object.values(objectOf(run['counts'])).reduce<number>((sum, one) => sum + Number(one), 0);
}

/** Of this application: a Canary that somebody gave another target has another route. */
function isRoute({ resource, key }: Call): boolean {
  return (resource.kind === 'HTTPRoute' || resource.kind === 'HTTPProxy') && key === KEY;
}
