// Who is chosen, in the words of Traefik's rules (v3): matchers joined by && and ||.
import type { HeaderMatch } from '../../api/analysis.ts';
import type { CanarySpec } from '../../api/canary.ts';
import { cohorts, literalPattern, sortedEntries } from '../matches.ts';

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
  return sortedEntries(map).map(([name, { exact, prefix, suffix, regex }]) => {
    if (exact !== undefined) {
      return `${of}(${quoted(name)}, ${quoted(exact)})`;
    }
    // A pattern is looked for anywhere in a value; a regular expression of a Canary means the whole of it.
    const whole = regex === undefined ? '.*' : `^(?:${regex})$`;
    const start = prefix === undefined ? undefined : `^${literalPattern(prefix)}`;
    const end = suffix === undefined ? undefined : `${literalPattern(suffix)}$`;
    return `${of}Regexp(${quoted(name)}, ${quoted(start ?? end ?? whole)})`;
  });
}

/** Literals are Go's: raw between backticks, escaped between quotes. */
function quoted(text: string): string {
  return text.includes('`') ? JSON.stringify(text) : `\`${text}\``;
}
