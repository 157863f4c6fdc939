// Who is chosen, in the words of Traefik's rules (v3): matchers joined by && and ||.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { CanarySpec } from '../../api/canary.ts';
import { cohorts, searchPattern, sortedEntries } from '../matches.ts';

/** The rule of those that see the canary; undefined where nobody can be told apart. */
export function chosenRule(spec: CanarySpec): string | undefined {
  const entries = cohorts(spec).map(({ headers, queryParams }) =>
    [...matchers('Header', headers), ...matchers('Query', queryParams)].join(' && '),
  );
  return entries.length === 0 ? undefined : entries.join(' || ');
}

function matchers(
  of: 'Header' | 'Query',
  map: Readonly<Record<string, HeaderMatch>> = {},
): readonly string[] {
  return sortedEntries(map).map(([name, { exact, ...pattern }]) =>
    exact === undefined
      ? `${of}Regexp(${quoted(name)}, ${quoted(searchPattern(pattern))})`
      : `${of}(${quoted(name)}, ${quoted(exact)})`,
  );
}

/** Literals are Go's: raw between backticks, escaped between quotes. */
function quoted(text: string): string {
  return text.includes('`') ? JSON.stringify(text) : `\`${text}\``;
}
