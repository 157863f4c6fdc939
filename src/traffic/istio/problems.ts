// What a VirtualService cannot say, and values of a Canary that its schema or istiod refuses (Istio 1.30).
import { parseDurationMs } from '../../api/duration.ts';
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { Service } from '../../api/service.ts';
import { cookieMatchProblems } from '../cookie-matches.ts';
import { analysisMatchProblems, isMatched, type MatchAbility } from '../matches.ts';
import { error, ignored, ignoredServiceFields, missingService, mirrorProblems } from '../problems.ts';
import { isTcp } from './render.ts';

const provider = 'istio';
const servicePath: Path = ['spec', 'service'];

const ability: MatchAbility = {
  provider,
  // Istio has no suffix: the matcher would be empty, and take every request that has the header.
  header: ({ exact, prefix, regex }) => [exact, prefix, regex].some((value) => value !== undefined),
  queryParam: ({ exact, prefix, regex }) => [exact, prefix, regex].some((value) => value !== undefined),
  sourceLabels: true,
};

export function problemsOf(spec: CanarySpec): readonly Problem[] {
  const { service } = spec;
  return [
    ...ignoredServiceFields(spec, provider, honouredBy(service)),
    ...analysisMatchProblems(spec, ability),
    ...(isTcp(service) ? tcpProblems(spec) : cookieMatchProblems(spec)),
    ...(service === undefined ? [missingService(provider)] : serviceProblems(service)),
  ];
}

function honouredBy(service: Service | undefined): Parameters<typeof ignoredServiceFields>[2] {
  const always = ['gateways', 'hosts', 'delegation', 'trafficPolicy', 'match'] as const;
  return isTcp(service) ? always : [...always, 'timeout', 'rewrite', 'retries', 'headers', 'corsPolicy'];
}

function serviceProblems(service: Service): Problem[] {
  const { delegation, timeout, retries, corsPolicy, rewrite } = service;
  return [
    ...(delegation === true && isTcp(service)
      ? [
          error([...servicePath, 'delegation'], {
            message: 'is set for TCP, and Istio delegates HTTP only',
            fix: 'take delegation out, or set appProtocol to http',
          }),
        ]
      : []),
    ...durationProblem([...servicePath, 'timeout'], timeout),
    ...durationProblem([...servicePath, 'retries', 'perTryTimeout'], retries?.perTryTimeout),
    ...durationProblem([...servicePath, 'corsPolicy', 'maxAge'], corsPolicy?.maxAge),
    ...(rewrite?.type === 'ReplacePrefixMatch' ? [] : rewriteType(service)),
  ];
}

/** Istio replaces what was matched, so only the prefix form of Gateway API means the same here. */
function rewriteType({ rewrite }: Service): Problem[] {
  return (rewrite?.type ?? '') === '' ? [] : [ignored([...servicePath, 'rewrite', 'type'], provider)];
}

function durationProblem(path: Path, value: string | undefined): Problem[] {
  if (value === undefined || value === '' || (parseDurationMs(value) ?? 0) >= 1) {
    return [];
  }
  return [
    error(path, {
      value,
      message: 'would be refused by Istio, which takes durations of 1ms and more',
      fix: 'write a duration with h, m, s or ms, such as 1.5s',
    }),
  ];
}

function tcpProblems(spec: CanarySpec): Problem[] {
  const { sessionAffinity, match } = spec.analysis;
  return [
    ...(isMatched(spec)
      ? [
          error(['spec', 'analysis', 'match'], {
            reason: 'UnsupportedMatch',
            value: match,
            message: 'cannot be told apart in TCP connections: everybody would see the canary',
            fix: 'remove it, or set appProtocol to http',
          }),
        ]
      : []),
    ...(sessionAffinity === undefined
      ? []
      : [
          error(['spec', 'analysis', 'sessionAffinity'], {
            reason: 'UnsupportedAffinity',
            message: 'needs cookies, which TCP connections do not have',
            fix: 'remove it, or set appProtocol to http',
          }),
        ]),
    ...mirrorProblems(spec, `${provider} for TCP`),
  ];
}
