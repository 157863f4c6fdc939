// What a VirtualServer cannot say, and values that the controller refuses (F5 NGINX Ingress Controller 5, its validation of
// VirtualServers).
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import { sortedEntries } from '../matches.ts';
import { error, ignored, ignoredKeys } from '../problems.ts';
import { pathOf } from './render.ts';

const provider = 'nginxinc';
const HOST = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** A value that begins with `!` would mean everybody else; quotes and a backslash at the end break NGINX's own syntax. */
const VALUE = /^(?!!)(?:[^"\\]|\\.)*$/;
const ARGUMENT = /^[A-Za-z0-9_]+$/;
const HEADER = /^[-A-Za-z0-9]+$/;
const PATH = /^[^\s{};]+$/;

const service: Path = ['spec', 'service'];

export function problemsOf(spec: CanarySpec): readonly Problem[] {
  return [...hostProblems(spec), ...pathProblems(spec), ...matchProblems(spec)];
}

function hostProblems({ service: of }: CanarySpec): Problem[] {
  const [host = '', ...others] = of?.hosts ?? [];
  const found = others.map((_, index) => ignored([...service, 'hosts', index + 1], provider));
  return HOST.test(host)
    ? found
    : [
        error([...service, 'hosts'], {
          value: of?.hosts,
          message:
            host === '' ? 'is empty, and a VirtualServer is for one host' : 'does not begin with a host name',
          fix: 'name the host in lower case, such as cart.example.com',
        }),
      ];
}

function pathProblems({ service: of }: CanarySpec): Problem[] {
  return (of?.match ?? []).flatMap((match, index) => {
    const path: Path = [...service, 'match', index];
    const written = match.uri?.prefix ?? match.uri?.exact ?? '/';
    const sound =
      match.uri?.regex === undefined
        ? written.startsWith('/') && PATH.test(written)
        : !/["\s{}]/.test(match.uri.regex);
    return [
      ...ignoredKeys(match, ['name', 'uri'], { path, provider }),
      ...(sound
        ? []
        : [
            error([...path, 'uri'], {
              value: pathOf(match.uri),
              message: 'would be refused by the controller',
              fix: 'start a path with a slash, and leave out blanks, quotes, braces and semicolons',
            }),
          ]),
    ];
  });
}

function matchProblems({ analysis }: CanarySpec): Problem[] {
  return (analysis.match ?? []).flatMap(({ headers, queryParams }, index) =>
    [
      ...sortedEntries(headers).map(([name, { exact }]) => ({
        at: ['headers', name],
        name,
        exact,
        names: HEADER,
      })),
      ...sortedEntries(queryParams).map(([name, { exact }]) => ({
        at: ['queryParams', name],
        name,
        exact,
        names: ARGUMENT,
      })),
    ].flatMap(({ at, name, exact, names }) =>
      exact === undefined || (names.test(name) && VALUE.test(exact))
        ? []
        : [
            error(['spec', 'analysis', 'match', index, ...at], {
              reason: 'UnsupportedMatch',
              value: exact,
              message: 'would be refused by the controller, or mean everybody else',
              fix: 'use letters, digits and dashes in the name, and no ! before the value and no quotes in it',
            }),
          ],
    ),
  );
}
