// What App Mesh cannot say, and values of a Canary that its schema refuses (aws-app-mesh-controller 1.13).
import type { HeaderMatch } from '../../api/analysis.ts';
import type { CanarySpec } from '../../api/canary.ts';
import { parseDurationMs } from '../../api/duration.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { Service } from '../../api/service.ts';
import { sortedEntries } from '../matches.ts';
import { error, ignored, ignoredKeys, warning } from '../problems.ts';
import { isGrpc, type Dialect } from './dialect.ts';
import { retryWords } from './render.ts';

const EVENTS = ['server-error', 'gateway-error', 'client-error', 'stream-error'];
const MAX_HEADERS = 10;
const MAX_HEADER_NAME = 50;
const MAX_HEADER_VALUE = 255;

const servicePath: Path = ['spec', 'service'];
const analysisMatch: Path = ['spec', 'analysis', 'match'];

export function problemsOf(spec: CanarySpec, dialect: Dialect): readonly Problem[] {
  return [
    ...targetProblems(spec, dialect),
    ...headerProblems(spec),
    ...(spec.service === undefined ? [] : serviceProblems(spec.service, dialect)),
  ];
}

function refused(field: Path, value: unknown, fix: string): Problem {
  return error(field, { value, message: 'would be refused by App Mesh', fix });
}

/** A VirtualNode selects pods, and of a Service as the target Serin does not know which are the primary's. */
function targetProblems({ targetRef }: CanarySpec, { provider }: Dialect): Problem[] {
  return targetRef.kind === 'Service'
    ? [
        error(['spec', 'targetRef', 'kind'], {
          value: targetRef.kind,
          message: `has no pods of its own that ${provider} could tell apart`,
          fix: 'name a Deployment or a DaemonSet, or choose another provider',
        }),
      ]
    : [];
}

function headerProblems({ analysis }: CanarySpec): Problem[] {
  const entries = analysis.match ?? [];
  const headers = entries.flatMap((entry, index) =>
    sortedEntries(entry.headers).map(([name, matcher]) => ({
      path: [...analysisMatch, index, 'headers', name] satisfies Path,
      name,
      matcher,
    })),
  );
  return [
    ...(entries.length > 1
      ? [
          warning(analysisMatch, {
            reason: 'AdjustedValue',
            message: 'has several entries, and with App Mesh all of them have to hold together',
            fix: 'use one entry, or match what all of these users have in common',
          }),
        ]
      : []),
    ...(headers.length > MAX_HEADERS
      ? [refused(analysisMatch, headers.length, `match at most ${MAX_HEADERS} headers`)]
      : []),
    ...headers.flatMap(({ path, name, matcher }) => [
      ...(name === '' || name.length > MAX_HEADER_NAME
        ? [refused(path, name, `use a name of 1 to ${MAX_HEADER_NAME} characters`)]
        : []),
      ...valueProblems(matcher, path),
    ]),
  ];
}

function valueProblems(matcher: HeaderMatch, path: Path): Problem[] {
  return Object.entries(matcher)
    .filter(([, value]) => value === '' || value.length > MAX_HEADER_VALUE)
    .map(([how, value]) => refused([...path, how], value, `use 1 to ${MAX_HEADER_VALUE} characters`));
}

function serviceProblems(service: Service, dialect: Dialect): Problem[] {
  const { provider, version } = dialect;
  return [
    ...matchProblems(service, dialect),
    ...durationProblems([...servicePath, 'timeout'], service.timeout),
    ...retryProblems(service),
    ...(version === 'v1beta1' && isGrpc(service)
      ? [
          error([...servicePath, 'portName'], {
            value: service.portName,
            message: 'is that of calls of gRPC, for which appmesh has no routes',
            fix: 'use appmesh:v1beta2',
          }),
        ]
      : []),
    ...(version === 'v1beta2' && typeof service.targetPort === 'string'
      ? [
          warning([...servicePath, 'targetPort'], {
            reason: 'AdjustedValue',
            message: `is a name, and ${provider} needs the number: ${service.port} is taken for it`,
            fix: 'write the number of the port of the container',
          }),
        ]
      : []),
    ...(version === 'v1beta2' ? repeatedBackends(service) : []),
  ];
}

/** Calls of gRPC have no path that could be matched: the table says that the field is not honoured. */
function matchProblems({ match = [] }: Service, { provider, protocol }: Dialect): Problem[] {
  const [first, ...others] = protocol === 'grpc' ? [] : match;
  const path: Path = [...servicePath, 'match'];
  const prefix = first?.uri?.prefix ?? '/';
  return [
    ...ignoredKeys(first, ['name', 'uri'], { path: [...path, 0], provider }),
    ...ignoredKeys(first?.uri, ['prefix'], { path: [...path, 0, 'uri'], provider }),
    ...others.map((_, index) => ignored([...path, index + 1], provider)),
    ...(prefix === '' || prefix.startsWith('/')
      ? []
      : [refused([...path, 0, 'uri', 'prefix'], prefix, 'start it with a slash')]),
  ];
}

function retryProblems({ retries }: Service): Problem[] {
  const unknown = retryWords(retries?.retryOn).filter((word) => !EVENTS.includes(word));
  return [
    ...(unknown.length === 0
      ? []
      : [
          error([...servicePath, 'retries', 'retryOn'], {
            value: retries?.retryOn,
            message: `has words that App Mesh does not know: ${unknown.join(', ')}`,
            fix: `use some of ${EVENTS.join(', ')}`,
          }),
        ]),
    ...durationProblems([...servicePath, 'retries', 'perTryTimeout'], retries?.perTryTimeout),
  ];
}

function durationProblems(path: Path, value = ''): Problem[] {
  const ms = parseDurationMs(value);
  return value === '' || (ms !== undefined && ms >= 0 && Number.isInteger(ms))
    ? []
    : [refused(path, value, 'write a duration in whole milliseconds, such as 1.5s')];
}

function repeatedBackends({ backends = [] }: Service): Problem[] {
  return backends.flatMap((backend, index) =>
    backends.indexOf(backend) === index
      ? []
      : [refused([...servicePath, 'backends', index], backend, 'name each backend once')],
  );
}
