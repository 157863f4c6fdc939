// Skipper: a second Ingress whose paths lead to both sides, with their weights in one annotation; a predicate puts it before
// the user's own, or, where the canary gets nothing, out of the way.
import type { CanarySpec } from '../api/canary.ts';
import { apexName } from '../api/defaults.ts';
import { objectOf, objectsOf, type JsonObject } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Problem } from '../model/problem.ts';
import { allPrimary, type Split } from '../model/split.ts';
import type { TextMap } from './copied-metadata.ts';
import { withPredicate } from './eskip.ts';
import { ingressCopy, ingressSource, leadingTo, serviceOf } from './ingress-copy.ts';
import { backendNames } from './live.ts';
import { isMatched } from './matches.ts';
import { error } from './problems.ts';
import type { TrafficRouter } from './router.ts';

const WEIGHTS = 'zalando.org/backend-weights';
const PREDICATE = 'zalando.org/skipper-predicate';
const ROUTES = 'zalando.org/skipper-routes';
const OURS = /^\s*(Weight\(100\)|False\(\))\s*(&&\s*)?/;

type Weights = Readonly<Record<string, number>>;

export const skipper: TrafficRouter = {
  provider: 'skipper',
  capabilities: { weighted: true, serviceFields: [], acceptance: false },
  route: ingressCopy({
    isSplitKey: (key) => key === WEIGHTS || key === PREDICATE,
    annotationsOf: ({ apex, spec, split }, before) =>
      annotationsFor(isMatched(spec) ? allPrimary : split, apex, before),
    // Routes of the user's own, which go before the paths: so they have to go before ours.
    copied: (key, value) => (key === ROUTES ? withPredicate(value, 'Weight(200)') : value),
    pathsOf: (path, apex) => {
      const { primary, canary } = backendNames(apex);
      return serviceOf(path) === apex ? [leadingTo(path, primary), leadingTo(path, canary)] : [path];
    },
    weightsOf: (annotations) => weightsIn(annotations[WEIGHTS]),
    reweighed: (annotations, split, apex) => ({
      ...annotations,
      ...annotationsFor(split, apex, {
        ...annotations,
        [PREDICATE]: (annotations[PREDICATE] ?? '').replace(OURS, ''),
      }),
    }),
  }),
  source: {
    ...ingressSource,
    problems: (spec, source) => [...ingressSource.problems(spec, source), ...starving(spec, source)],
  },
};

/** With both sides in its place the apex would get requests that the user gives to others. */
function starving(spec: CanarySpec, { metadata, spec: ingress }: KubeObject): readonly Problem[] {
  const apex = apexName(spec);
  const weights = weightsIn(metadata.annotations?.[WEIGHTS]) ?? {};
  const weightOf = (path: JsonObject): number => weights[serviceOf(path) ?? ''] ?? 0;
  const starves = objectsOf(objectOf(ingress)['rules'])
    .map((rule) => objectsOf(objectOf(rule['http'])['paths']))
    .some((paths) =>
      paths
        .filter((path) => serviceOf(path) === apex && weightOf(path) === 0)
        .some(({ path }) => paths.some((other) => other['path'] === path && weightOf(other) > 0)),
    );
  return starves
    ? [
        error(['spec', 'ingressRef', 'name'], {
          value: metadata.name,
          message: `has a path where ${WEIGHTS} gives the Service ${apex} nothing, and others something`,
          fix: `give ${apex} a weight there, or name another Ingress`,
        }),
      ]
    : [];
}

/** @param before what the user says */
function annotationsFor(split: Split, apex: string, before: TextMap): TextMap {
  const theirs = before[PREDICATE] ?? '';
  const ours = split.canary === 0 ? 'False()' : 'Weight(100)';
  return {
    [WEIGHTS]: JSON.stringify(weightsFor(split, apex, weightsIn(before[WEIGHTS]) ?? {})),
    [PREDICATE]: theirs === '' ? ours : `${ours} && ${theirs}`,
  };
}

/**
 * They hold for all paths of the Ingress, so those of other Services stay. Beside some of them on the same path both sides
 * share what the apex has.
 */
function weightsFor({ primary, canary }: Split, apex: string, before: Weights): Weights {
  const names = backendNames(apex);
  const { [apex]: whole, [names.primary]: ofPrimary = 0, [names.canary]: ofCanary = 0, ...others } = before;
  const total = (whole ?? ofPrimary + ofCanary) || 100;
  return {
    ...others,
    [names.canary]: (total * canary) / 100,
    [names.primary]: (total * primary) / 100,
  };
}

/** What Skipper can read of them. */
function weightsIn(text = ''): Weights | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : undefined;
    return entries && Object.fromEntries(entries.filter(isWeight));
  } catch {
    return undefined;
  }
}

function isWeight(entry: readonly [string, unknown]): entry is [string, number] {
  return typeof entry[1] === 'number' && entry[1] >= 0;
}
