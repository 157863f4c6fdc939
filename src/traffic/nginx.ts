// The annotations of ingress-nginx, which Traefik and others speak too: a second Ingress that leads to the canary, with a
// weight, or for requests with one header or one cookie.
import type { HeaderMatch } from '../api/analysis.ts';
import type { CanarySpec } from '../api/canary.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Path, Problem } from '../api/problem.ts';
import { isCookieHeader } from './cookie-matches.ts';
import { ingressCopy, ingressSource, leadingTo, serviceOf } from './ingress-copy.ts';
import { backendNames } from './live.ts';
import { isMatched, sortedEntries } from './matches.ts';
import { error } from './problems.ts';
import type { RouteWish, TrafficRouter } from './router.ts';

const provider = 'nginx';
const PREFIX = 'nginx.ingress.kubernetes.io';

type TextMap = Readonly<Record<string, string>>;

/** `<prefix>/canary`, `<prefix>/canary-weight` and so on, whatever the prefix: of these the user's are not copied. */
const CANARY_KEY = /\/canary(-[^/]*)?$/;

function suffixed(annotations: TextMap, suffix: string): string | undefined {
  return Object.entries(annotations).find(([key]) => key.endsWith(`/${suffix}`))?.[1];
}

export const nginx: TrafficRouter = {
  provider,
  capabilities: {
    weighted: true,
    match: {
      headers: ['exact', 'regex'],
      queryParams: [],
      limit: 'one header and one cookie, each in an entry of its own; a cookie by its name as an exact value',
    },
    serviceFields: ['ingressAnnotationsPrefix'],
    acceptance: false,
  },
  route: ingressCopy({
    isSplitKey: (key) => CANARY_KEY.test(key),
    annotationsOf,
    pathsOf: (path, apex) => [serviceOf(path) === apex ? leadingTo(path, backendNames(apex).canary) : path],
    weightsOf: (annotations, apex) => {
      if (suffixed(annotations, 'canary') !== 'true') {
        return undefined;
      }
      const weight = isChosen(annotations) ? 100 : Number(suffixed(annotations, 'canary-weight') ?? 0);
      const { primary, canary } = backendNames(apex);
      return { [primary]: 100 - weight, [canary]: weight };
    },
    reweighed: (annotations, { canary }) => {
      const prefix = Object.keys(annotations)
        .find((key) => key.endsWith('/canary'))
        ?.replace(/\/canary$/, '');
      const kept = Object.fromEntries(
        Object.entries(annotations).filter(([key]) => canary > 0 || !/\/canary-by-/.test(key)),
      );
      // Who is chosen by a header stays chosen; all others are at the primary.
      return isChosen(kept) ? kept : { ...kept, [`${prefix ?? PREFIX}/canary-weight`]: String(canary) };
    },
  }),
  source: { ...ingressSource, keepsClients },
  problems: matchProblems,
};

/** Unless it is told otherwise, a session stays on its side of the canary. */
function keepsClients({ metadata: { annotations = {} } }: KubeObject): boolean {
  const isLegacy = suffixed(annotations, 'affinity-canary-behavior') === 'legacy';
  return suffixed(annotations, 'affinity') === 'cookie' && !isLegacy;
}

function isChosen(annotations: TextMap): boolean {
  return Object.keys(annotations).some((key) => /\/canary-by-(header|cookie)$/.test(key));
}

function annotationsOf({ spec, split, annotationsPrefix = PREFIX }: RouteWish): TextMap {
  const key = (name: string): string => `${annotationsPrefix}/${name}`;
  const plain = { [key('canary')]: 'true' };
  if (!isMatched(spec)) {
    return { ...plain, [key('canary-weight')]: String(split.canary) };
  }
  const chosen =
    split.canary === 0 ? {} : Object.assign({}, ...conditionsOf(spec).map((one) => one.annotations(key)));
  return { ...plain, [key('canary-weight')]: '0', ...chosen };
}

interface Condition {
  readonly path: Path;
  readonly kind: 'header' | 'cookie';
  readonly matcher: HeaderMatch;
  annotations(key: (name: string) => string): TextMap;
}

/** What can be said of each entry: only entries with one header are here. */
function conditionsOf({ analysis }: CanarySpec): readonly Condition[] {
  return (analysis.match ?? []).flatMap(({ headers }, index): Condition[] => {
    const [[name, matcher] = [], ...more] = sortedEntries(headers);
    if (name === undefined || matcher === undefined || more.length > 0) {
      return [];
    }
    const path: Path = ['spec', 'analysis', 'match', index, 'headers', name];
    if (isCookieHeader(name)) {
      const annotations = (key: (of: string) => string): TextMap =>
        matcher.exact === undefined ? {} : { [key('canary-by-cookie')]: matcher.exact };
      return [{ path, kind: 'cookie', matcher, annotations }];
    }
    return [
      {
        path,
        kind: 'header',
        matcher,
        annotations: (key) => ({
          [key('canary-by-header')]: name,
          ...(matcher.exact === undefined ? {} : { [key('canary-by-header-value')]: matcher.exact }),
          ...(matcher.regex === undefined ? {} : { [key('canary-by-header-pattern')]: matcher.regex }),
        }),
      },
    ];
  });
}

/** One header and one cookie, either of which is enough; what else is asked for would take other users along. */
function matchProblems(spec: CanarySpec): Problem[] {
  const { match = [] } = spec.analysis;
  const conditions = conditionsOf(spec);
  const entries = match.flatMap((entry, index) => {
    const lone = conditions.some(({ path }) => path[3] === index);
    const plain = entry.queryParams === undefined && entry.sourceLabels === undefined;
    return lone && plain
      ? []
      : [refused(['spec', 'analysis', 'match', index], entry, `cannot be expressed with ${provider}`)];
  });
  const matchers = conditions
    .filter(
      ({ kind, matcher }) =>
        matcher.exact === undefined && (kind === 'cookie' || matcher.regex === undefined),
    )
    .map(({ path, matcher }) => refused(path, matcher, `cannot be expressed with ${provider}`));
  const repeated = (['header', 'cookie'] as const).flatMap((kind) =>
    conditions
      .filter((one) => one.kind === kind)
      .slice(1)
      .map(({ path, matcher }) => refused(path, matcher, `is a second ${kind}, and ${provider} knows one`)),
  );
  return [...entries, ...matchers, ...repeated];
}

function refused(path: Path, value: unknown, message: string): Problem {
  return error(path, {
    reason: 'UnsupportedMatch',
    value,
    message,
    fix: 'match one header by exact or regex, or one cookie by its name, in an entry of its own',
  });
}
