// What an HTTPProxy cannot say, and values of a Canary that its schema refuses (Contour 1.33, definition of HTTPProxy).
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { HeaderOperations, Service } from '../../api/service.ts';
import { sortedEntries } from '../matches.ts';
import { error, ignored, ignoredKeys } from '../problems.ts';
import { isPrefixRewrite, retryWords } from './render.ts';

const provider = 'contour';
/** Go's grammar with Contour's word for never; unlike the definition's pattern it wants a number before each unit. */
const DURATION = /^((([0-9]+(\.[0-9]*)?|\.[0-9]+)(h|m|s|ms|us|µs|ns))+|infinity|infinite)$/;
const retryConditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];
const MIN_ATTEMPTS = -1;

const servicePath: Path = ['spec', 'service'];

export function problemsOf({ service }: CanarySpec): readonly Problem[] {
  return service === undefined
    ? []
    : [
        ...matchProblems(service),
        ...retryProblems(service),
        ...durationProblem([...servicePath, 'timeout'], service.timeout),
        ...rewriteProblems(service),
        ...headerProblems([...servicePath, 'headers', 'request'], service.headers?.request),
        ...headerProblems([...servicePath, 'headers', 'response'], service.headers?.response),
      ];
}

function matchProblems({ match = [] }: Service): Problem[] {
  return match.flatMap((entry, index) => {
    const path: Path = [...servicePath, 'match', index];
    const written = entry.uri?.prefix ?? entry.uri?.exact ?? entry.uri?.regex ?? '/';
    return [
      ...ignoredKeys(entry, ['name', 'uri', 'headers', 'queryParams'], { path, provider }),
      ...(written.startsWith('/')
        ? []
        : [
            error([...path, 'uri'], {
              value: written,
              message: 'does not start with a slash, which makes the HTTPProxy invalid',
              fix: 'start it with a slash',
            }),
          ]),
    ];
  });
}

function retryProblems({ retries }: Service): Problem[] {
  const path: Path = [...servicePath, 'retries'];
  const unknown = retryWords(retries?.retryOn).filter((word) => !retryConditions.includes(word));
  const attempts = retries?.attempts ?? 0;
  return [
    ...(unknown.length === 0
      ? []
      : [
          error([...path, 'retryOn'], {
            value: retries?.retryOn,
            message: `has words that Contour does not know: ${unknown.join(', ')}`,
            fix: `use some of ${retryConditions.join(', ')}`,
          }),
        ]),
    ...(attempts < MIN_ATTEMPTS
      ? [
          error([...path, 'attempts'], {
            value: attempts,
            message: 'is negative',
            fix: 'use 0 for no retries',
          }),
        ]
      : []),
    ...durationProblem([...path, 'perTryTimeout'], retries?.perTryTimeout),
  ];
}

function durationProblem(path: Path, value: string | undefined): Problem[] {
  return value === undefined || value === '' || DURATION.test(value)
    ? []
    : [
        error(path, {
          value,
          message: 'would be refused by Contour',
          fix: 'write a duration with h, m, s or ms, such as 1.5s',
        }),
      ];
}

function rewriteProblems(service: Service): Problem[] {
  const { uri = '' } = service.rewrite ?? {};
  return uri === '' || isPrefixRewrite(service)
    ? []
    : [ignored([...servicePath, 'rewrite', 'uri'], provider)];
}

function headerProblems(path: Path, operations: HeaderOperations | undefined): Problem[] {
  const empty = sortedEntries(operations?.set).filter(([name, value]) => name === '' || value === '');
  return [
    ...ignoredKeys({ add: operations?.add }, [], { path, provider }),
    ...empty.map(([name]) =>
      error([...path, 'set', name], { message: 'has no value', fix: 'set one, or remove the header' }),
    ),
  ];
}
