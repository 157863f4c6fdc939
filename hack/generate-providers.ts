// docs/providers.md: what works on which mesh, from the table of capabilities.
import { countsWhereSplit } from '../src/measure/query-sets.ts';
import { apiVersionOf } from '../src/model/kube.ts';
import type { TrafficRouter } from '../src/traffic/router.ts';
import { routers } from '../src/traffic/routers.ts';
import type { GeneratedFile } from './generate-crds.ts';

const INTRODUCTION = `<!-- Generated from src/traffic by \`npm run generate\`. Do not edit. -->

# What works on which mesh

\`spec.provider\` says what routes the traffic. What a provider cannot do is found before anything is written: a \`match\` or session affinity
that it lacks is refused, because it would change who sees the canary; copies of requests and fields of \`spec.service\` that it lacks are a warning,
and the run goes on without. \`serin lint\` says the same of a manifest without a cluster.

Every provider but \`kubernetes\` and \`knative\` can also do blue/green: \`iterations\` without \`match\`. [Strategies](strategies.md) says how each is
written, and each provider has a [page of its own](providers).
`;

interface Row {
  readonly name: string;
  readonly router: TrafficRouter;
}

/** A router, and its variants below it. */
function rowsOf(router: TrafficRouter): readonly Row[] {
  const variants = (router.variants ?? []).map(({ where, router: variant }) => ({
    name: `… ${where}`,
    router: variant,
  }));
  return [{ name: `\`${router.provider}\``, router }, ...variants];
}

/** A variant that says the same as the row above it is left out. `told`: what counts of the cells. */
function tellingRows(
  rows: readonly Row[],
  cellsOf: (row: Row) => readonly string[],
  told: (row: Row) => string = (row) => cellsOf(row).join('|'),
): readonly (readonly string[])[] {
  const telling = rows.filter((row, index) => {
    const base = rows.slice(0, index).findLast(({ name }) => !name.startsWith('…'));
    return !row.name.startsWith('…') || base === undefined || told(base) !== told(row);
  });
  return telling.map((row) => [row.name, ...cellsOf(row)]);
}

const yes = (can: boolean | undefined): string => (can === true ? 'yes' : '–');

function abilities({ router }: Row): readonly string[] {
  const { weighted, match, mirror, affinity, tcp, udp, acceptance } = router.capabilities;
  const { provider } = router;
  return [
    yes(weighted),
    yes(match !== undefined),
    { percent: 'any share', all: 'all requests', none: '–' }[mirror ?? 'none'],
    yes(affinity !== undefined),
    [tcp === true ? 'TCP' : [], udp === true ? 'UDP' : []].flat().join(', ') || '–',
    yes(acceptance),
    yes(countsWhereSplit(provider)),
  ];
}

function kindOf({ route, companions = [], source }: TrafficRouter): string {
  const kinds = [route, ...companions].flatMap((part) =>
    part === undefined ? [] : [`${part.resource.kind} (\`${apiVersionOf(part.resource)}\`)`],
  );
  const written = kinds.length === 0 ? 'Services alone' : [...new Set(kinds)].join(', ');
  return source === undefined ? written : `${written}, made from the user’s ${source.resource.kind}`;
}

function matchers({ router }: Row): readonly string[] {
  const { headers = [], queryParams = [], sourceLabels, limit } = router.capabilities.match ?? {};
  const parts = [
    `headers: ${headers.join(', ')}`,
    ...(queryParams.length === 0 ? [] : [`query parameters: ${queryParams.join(', ')}`]),
    ...(sourceLabels === true ? ['labels of the sender'] : []),
    ...(limit === undefined ? [] : [limit]),
  ];
  return [parts.join('; ')];
}

const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function text(): string {
  const rows = routers.flatMap(rowsOf);
  const matching = rows.filter(({ router }) => router.capabilities.match !== undefined);
  return [
    INTRODUCTION,
    table(
      [
        'provider',
        'weights',
        'A/B by match',
        'copies',
        'cookies',
        'any protocol over',
        'says that it has taken over a write',
        '[counts the requests of each side](strategies.md#proof-of-traffic)',
      ],
      tellingRows(rows, abilities),
    ),
    '\n## What is written\n',
    'Each in another version where the cluster serves only that one.\n',
    table(
      ['provider', 'objects'],
      tellingRows(
        rows,
        ({ router }) => [kindOf(router)],
        ({ router }) => kindOf(router).replaceAll(/\/v\d\w*/g, ''),
      ),
    ),
    '\n## What a match may say\n',
    'Matchers of `analysis.match`; `present` is a matcher without a value.\n',
    table(['provider', 'matchers'], tellingRows(matching, matchers)),
    '\n## Fields of `spec.service` that reach the route\n',
    'Fields that shape the Services alone work everywhere.\n',
    table(['provider', 'fields'], tellingRows(rows, fields)),
    '',
  ].join('\n');
}

function fields({ router }: Row): readonly string[] {
  return [router.capabilities.serviceFields.map((field) => `\`${field}\``).join(', ') || '–'];
}

export function providerFiles(): readonly GeneratedFile[] {
  return [{ path: 'docs/providers.md', text: text() }];
}
