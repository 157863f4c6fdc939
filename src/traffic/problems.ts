// What routers have to say about a spec, in the same words for all of them.
import type { CanarySpec } from '../api/canary.ts';
import { formatPath, type Path, type Problem, type ProblemReason } from '../api/problem.ts';
import type { Service } from '../api/service.ts';

interface Wording {
  readonly reason?: ProblemReason;
  readonly value?: unknown;
  readonly message: string;
  readonly fix: string;
}

/** The field is left out of the route, and the run goes on. */
export function warning(field: Path, { reason = 'IgnoredField', ...rest }: Wording): Problem {
  return { severity: 'warning', reason, field: formatPath(field), ...rest };
}

/** The route's API would refuse the value, or would mean something else by it. */
export function error(field: Path, { reason = 'InvalidSpec', ...rest }: Wording): Problem {
  return { severity: 'error', reason, field: formatPath(field), ...rest };
}

/** Fields of `spec.service` that shape a route; the others shape the Services. */
const routeFields = [
  'timeout',
  'backendTimeout',
  'gateways',
  'gatewayRefs',
  'hosts',
  'delegation',
  'trafficPolicy',
  'match',
  'rewrite',
  'retries',
  'headers',
  'mirror',
  'corsPolicy',
  'meshName',
  'backends',
  'ingressClass',
  'ingressAnnotationsPrefix',
] as const satisfies readonly (keyof Service)[];

export type RouteField = (typeof routeFields)[number];

export function ignoredServiceFields(
  { service }: CanarySpec,
  provider: string,
  honoured: readonly RouteField[],
): Problem[] {
  return routeFields
    .filter((name) => !honoured.includes(name) && saysSomething(service?.[name]))
    .map((name) => ignored(['spec', 'service', name], provider));
}

/** The keys of `value` that say something and are not in `honoured`. */
export function ignoredKeys(
  value: object | undefined,
  honoured: readonly string[],
  at: { readonly path: Path; readonly provider: string },
): Problem[] {
  return Object.entries(value ?? {})
    .filter(([key, item]) => !honoured.includes(key) && saysSomething(item))
    .map(([key]) => ignored([...at.path, key], at.provider));
}

export function ignored(field: Path, provider: string): Problem {
  return warning(field, {
    message: `is not honoured by ${provider}`,
    fix: 'remove it, or choose a provider that knows it',
  });
}

export function missingService(provider: string): Problem {
  return error(['spec', 'service'], {
    message: `is needed by ${provider}`,
    fix: 'set spec.service.port at least',
  });
}

export function affinityProblems({ analysis }: CanarySpec, provider: string): Problem[] {
  if (analysis.sessionAffinity === undefined) {
    return [];
  }
  return [
    error(['spec', 'analysis', 'sessionAffinity'], {
      reason: 'UnsupportedAffinity',
      message: `cannot be had with ${provider}: a user would move between primary and canary`,
      fix: 'remove it, or choose a provider that keeps sessions',
    }),
  ];
}

export function mirrorProblems({ analysis }: CanarySpec, provider: string): Problem[] {
  if (analysis.mirror !== true) {
    return [];
  }
  return [
    warning(['spec', 'analysis', 'mirror'], {
      message: `is not honoured by ${provider}: no copies of requests are sent`,
      fix: 'remove it, or choose a provider that mirrors requests',
    }),
  ];
}

/** A match for a router that cannot tell requests apart. One that moves nobody leaves it out without harm. */
export function unmatchedProblems({ analysis }: CanarySpec, provider: string, moves: boolean): Problem {
  const field: Path = ['spec', 'analysis', 'match'];
  return moves
    ? error(field, {
        reason: 'UnsupportedMatch',
        value: analysis.match,
        message: `cannot be had with ${provider}: every user would see the canary`,
        fix: 'remove it, or choose a provider that can tell requests apart',
      })
    : warning(field, {
        message: `is not honoured by ${provider}: users stay on the primary until promotion`,
        fix: 'remove it, or choose a provider that routes requests',
      });
}

function saysSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    return Object.keys(value).length > 0;
  }
  return value !== undefined && value !== null && value !== false && value !== '';
}
