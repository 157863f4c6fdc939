// What a router can do, as data: validation, `serin lint`, the plan of a run and docs/providers.md read this one table.
import type { HeaderMatch } from '../api/analysis.ts';
import type { CanarySpec } from '../api/canary.ts';
import { isKnative } from '../api/defaults.ts';
import type { Problem } from '../model/problem.ts';
import type { TrafficRouter } from './router.ts';
import { analysisMatchProblems, isMatched, type MatchAbility } from './matches.ts';
import {
  affinityProblems,
  ignored,
  ignoredServiceFields,
  mirrorProblems,
  missingService,
  unmatchedProblems,
  type RouteField,
} from './problems.ts';

/** `present`: a matcher without a value, which takes every request that has the header or parameter at all. */
type Matcher = keyof HeaderMatch | 'present';

/** By what requests can be told apart. */
export interface MatchCapability {
  readonly headers: readonly Matcher[];
  readonly queryParams: readonly Matcher[];
  /** Labels of the workload that sends the request. */
  readonly sourceLabels?: true;
  /** What else holds, in words for the documentation; the router's own `problems` see to it. */
  readonly limit?: string;
}

export interface RouterCapabilities {
  readonly weighted: boolean;
  /** `analysis.match`. Absent: a match is refused, as everybody would see the canary. */
  readonly match?: MatchCapability;
  /** `analysis.mirror`, of any share of the requests or of all. Absent: left out of the plan and warned of. */
  readonly mirror?: 'percent' | 'all';
  /** `analysis.sessionAffinity`. Absent: refused. */
  readonly affinity?: true;
  /** Fields of `spec.service` that reach the route; any other is warned of. */
  readonly serviceFields: readonly RouteField[];
  /** Whether its controller says that it has taken over a write. */
  readonly acceptance: boolean;
  /** It divides connections of any protocol over TCP. */
  readonly tcp?: true;
  /** It divides datagrams: the port of the Services is one of UDP. */
  readonly udp?: true;
}

/** Everything in a spec that this router cannot honour: by its table, and by what it says itself. Errors come before any write. */
export function routerProblems(router: TrafficRouter, spec: CanarySpec): readonly Problem[] {
  const { provider, borrows } = router;
  // A route of the user's says what it says: what it cannot say, one of Serin's may.
  const lacking =
    borrows === undefined
      ? lackingIn(spec, provider, router)
      : lackingIn(spec, `your ${borrows}`, router).map((problem) => ({
          ...problem,
          fix: 'remove it, or leave routeRef out, so that Serin writes a route of its own',
        }));
  return [
    ...lacking,
    ...(spec.service === undefined && !isKnative(spec) ? [missingService(provider)] : []),
    ...(router.problems?.(spec) ?? []),
  ];
}

/** What the table says. @param name of what would have to honour it */
function lackingIn(spec: CanarySpec, name: string, { capabilities }: TrafficRouter): readonly Problem[] {
  const { affinity, mirror, match, serviceFields } = capabilities;
  return [
    ...(affinity === undefined ? affinityProblems(spec, name) : []),
    ...(mirror === undefined ? mirrorProblems(spec, name) : []),
    ...(mirror === 'all' ? mirrorShareProblems(spec, name) : []),
    ...ignoredServiceFields(spec, name, serviceFields),
    ...(match === undefined ? unmatched(spec, name, capabilities) : []),
    ...(match === undefined ? [] : analysisMatchProblems(spec, abilityOf(name, match))),
  ];
}

const able =
  (matchers: readonly Matcher[]) =>
  (match: HeaderMatch): boolean =>
    matchers.some((matcher) =>
      matcher === 'present' ? Object.keys(match).length === 0 : match[matcher] !== undefined,
    );

export function abilityOf(
  provider: string,
  { headers, queryParams, sourceLabels }: MatchCapability,
): MatchAbility {
  return {
    provider,
    header: able(headers),
    queryParam: able(queryParams),
    ...(sourceLabels === true ? { sourceLabels } : {}),
  };
}

function unmatched(spec: CanarySpec, provider: string, { weighted }: RouterCapabilities): readonly Problem[] {
  return isMatched(spec) ? [unmatchedProblems(spec, provider, weighted)] : [];
}

function mirrorShareProblems({ analysis }: CanarySpec, provider: string): readonly Problem[] {
  const { mirror, mirrorWeight = 0 } = analysis;
  return mirror === true && mirrorWeight > 0 && mirrorWeight < 100
    ? [ignored(['spec', 'analysis', 'mirrorWeight'], `${provider}, which copies every request or none`)]
    : [];
}
