// Skipper: a second Ingress whose paths lead to both sides, with their weights in one annotation; a predicate puts it before
// the user's own, or, where the canary gets nothing, out of the way.
import { ingressCopy, ingressSource, leadingTo, serviceOf } from './ingress-copy.ts';
import { backendNames } from './live.ts';
import { isMatched } from './matches.ts';
import type { Split } from '../model/split.ts';
import { allPrimary } from '../model/split.ts';
import type { TrafficRouter } from './router.ts';

const WEIGHTS = 'zalando.org/backend-weights';
const PREDICATE = 'zalando.org/skipper-predicate';
const OURS = /^\s*(Weight\(100\)|False\(\))\s*(&&\s*)?/;

export const skipper: TrafficRouter = {
  provider: 'skipper',
  capabilities: { weighted: true, serviceFields: [], acceptance: false },
  route: ingressCopy({
    isSplitKey: (key) => key === WEIGHTS || key === PREDICATE,
    annotationsOf: ({ apex, spec, split }, before) =>
      annotationsFor(isMatched(spec) ? allPrimary : split, apex, before[PREDICATE]),
    pathsOf: (path, apex) => {
      const { primary, canary } = backendNames(apex);
      return serviceOf(path) === apex ? [leadingTo(path, primary), leadingTo(path, canary)] : [path];
    },
    weightsOf: (annotations) => weightsIn(annotations[WEIGHTS]),
    reweighed: (annotations, split, apex) => ({
      ...annotations,
      ...annotationsFor(split, apex, annotations[PREDICATE]),
    }),
  }),
  source: ingressSource,
};

function annotationsFor(split: Split, apex: string, predicate = ''): Readonly<Record<string, string>> {
  const { primary, canary } = backendNames(apex);
  const theirs = predicate.replace(OURS, '');
  const ours = split.canary === 0 ? 'False()' : 'Weight(100)';
  return {
    [WEIGHTS]: JSON.stringify({ [canary]: split.canary, [primary]: split.primary }),
    [PREDICATE]: theirs === '' ? ours : `${ours} && ${theirs}`,
  };
}

function weightsIn(text = ''): Readonly<Record<string, number>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null
      ? Object.fromEntries(Object.entries(parsed).map(([name, weight]) => [name, Number(weight)]))
      : undefined;
  } catch {
    return undefined;
  }
}
