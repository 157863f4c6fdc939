// What a VirtualService cannot say, and values of a Canary that its schema or istiod refuses (Istio 1.30).
import { parseDurationMs } from '../../api/duration.ts';
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { Service } from '../../api/service.ts';
import { cookieMatchProblems } from '../cookie-matches.ts';
import { error, ignored } from '../problems.ts';

const provider = 'istio';
const servicePath: Path = ['spec', 'service'];

export function problemsOf(spec: CanarySpec): readonly Problem[] {
  return [...cookieMatchProblems(spec), ...(spec.service === undefined ? [] : serviceProblems(spec.service))];
}

export function tcpProblems({ service }: CanarySpec): readonly Problem[] {
  return service?.delegation === true
    ? [
        error([...servicePath, 'delegation'], {
          message: 'is set for TCP, and Istio delegates HTTP only',
          fix: 'take delegation out, or set appProtocol to http',
        }),
      ]
    : [];
}

function serviceProblems(service: Service): Problem[] {
  const { timeout, retries, corsPolicy, rewrite } = service;
  return [
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
