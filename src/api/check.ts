// What may still be wrong with a Canary that the API server has accepted. Pure: looks at the Canary and nothing else.
// Not here: what a single router cannot do (traffic/), and what other objects say (observe/).
import type { Canary } from './canary.ts';
import { analysisProblems } from './check-analysis.ts';
import { checksProblems } from './check-metrics.ts';
import { probationProblems } from './check-probation.ts';
import { referenceProblems } from './check-references.ts';
import { serviceProblems } from './check-service.ts';
import { unreadProblems } from './check-unread.ts';
import { MINIMUM_INTERVAL_MS } from './defaults.ts';
import { formatProblem, type Problem } from './problem.ts';
import { isKnownProvider } from './provider.ts';
import { inEntry, routesOf } from './routes.ts';

export interface CheckOptions {
  /** What `spec.provider` is where it is absent; without it, rules about providers are left out. */
  readonly defaultProvider?: string;
  /** References must stay in the namespace of the Canary. */
  readonly noCrossNamespaceRefs?: boolean;
  readonly minimumIntervalMs?: number;
}

/** What every check is given. */
export interface Checked {
  readonly canary: Canary;
  /** undefined where nobody has said. */
  readonly provider: string | undefined;
  readonly noCrossNamespaceRefs: boolean;
  readonly minimumIntervalMs: number;
}

/** All problems; with an error among them nothing may be written for the Canary. */
export function checkCanary(canary: Canary, options: CheckOptions = {}): Problem[] {
  const { spec } = canary;
  if ((spec.routes ?? []).length === 0) {
    return checkRoute(canary, spec.provider ?? options.defaultProvider, options);
  }
  const all = routesOf(spec, '').flatMap((route) =>
    checkRoute({ ...canary, spec: route.spec }, route.provider, options).map((problem) =>
      inEntry(route, spec, problem),
    ),
  );
  // What is wrong whatever the route is said once.
  const lines = all.map(formatProblem);
  return all.filter((_, index) => lines.indexOf(lines[index] ?? '') === index);
}

function checkRoute(canary: Canary, provider: string | undefined, options: CheckOptions): Problem[] {
  const checked: Checked = {
    canary,
    provider,
    noCrossNamespaceRefs: options.noCrossNamespaceRefs ?? false,
    minimumIntervalMs: options.minimumIntervalMs ?? MINIMUM_INTERVAL_MS,
  };
  return [
    ...providerProblems(checked),
    ...referenceProblems(checked),
    ...serviceProblems(checked),
    ...analysisProblems(checked),
    ...checksProblems(checked),
    ...probationProblems(checked),
    ...unreadProblems(checked),
  ];
}

function providerProblems({ provider }: Checked): Problem[] {
  if (provider === undefined || isKnownProvider(provider)) {
    return [];
  }
  return [
    {
      severity: 'error',
      reason: 'UnknownProvider',
      field: 'spec.provider',
      value: provider,
      message: `is ${JSON.stringify(provider)}, which is no provider`,
      fix: 'set spec.provider, or correct the default provider of the controller',
    },
  ];
}
