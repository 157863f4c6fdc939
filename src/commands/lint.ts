// `serin lint`: everything that is wrong with manifests, before they meet a cluster. Works offline.
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { type Path, errorAt, formatPath, parsePath, warningAt } from '../api/problem.ts';
import { type ManifestDocument, readDocuments } from './lint-document.ts';
import { type Remark, lintObjects } from './lint-object.ts';

const USAGE = `Usage: serin lint FILE... [--json] [--strict]

Checks manifests of flagger.app/v1beta1. A FILE of - is standard input. Objects of other kinds are skipped.
What the API server refuses is an error; what it drops, and what the controller would refuse, adjust or
ignore, is a warning.

  --json    print one JSON object a problem
  --strict  take warnings for errors

Exit status: 0 without errors, 1 with errors, 2 if used wrongly.
`;

export interface LintProblem {
  readonly file: string;
  readonly line: number;
  readonly field: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: string;
}

export interface LintResult {
  readonly problems: readonly LintProblem[];
  readonly checked: number;
  readonly skipped: number;
}

/** All problems of one file, by line. */
export function lintText(file: string, text: string): LintResult {
  const results = readDocuments(text).map((document) => lintDocument(file, document));
  return {
    problems: results.flatMap(({ problems }) => problems).toSorted((a, b) => a.line - b.line),
    checked: total(results, 'checked'),
    skipped: total(results, 'skipped'),
  };
}

function total(results: readonly LintResult[], of: 'checked' | 'skipped'): number {
  return results.reduce((sum, result) => sum + result[of], 0);
}

function lintDocument(file: string, document: ManifestDocument): LintResult {
  const at = (line: number, { field, severity, message, fix }: Remark): LintProblem => ({
    file,
    line,
    field,
    severity,
    message,
    fix,
  });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ line, message }) =>
      at(line, errorAt([], { message: `is not YAML: ${message}`, fix: 'correct the text' })),
    );
    return { problems, checked: 1, skipped: 0 };
  }
  const objects = lintObjects(document.object);
  const ours = objects.filter(({ problems }) => problems !== undefined);
  const repeated = document.duplicates
    .filter(({ path }) => ours.some((object) => startsWith(path, object.at)))
    .map(({ path, line, lastLine }) => {
      const message = `is written again on line ${lastLine}, which is the one that counts`;
      return at(line, warningAt(path, { message, fix: 'remove one of them' }));
    });
  const found = ours
    .flatMap(({ problems = [] }) => problems)
    .map((problem) => at(document.lineOf(parsePath(problem.field)), problem));
  return { problems: [...repeated, ...found], checked: ours.length, skipped: objects.length - ours.length };
}

function startsWith(path: Path, start: Path): boolean {
  return formatPath(path.slice(0, start.length)) === formatPath(start);
}

/** `file:line: field: what is wrong, what to do` */
export function formatLintProblem({ file, line, field, severity, message, fix }: LintProblem): string {
  const subject = field === '' ? '(document)' : field;
  return `${file}:${line}: ${subject}: ${message}, ${fix}${severity === 'warning' ? ' (warning)' : ''}`;
}

async function lintFile(file: string): Promise<LintResult> {
  try {
    const text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
    return lintText(file, text);
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    const fix = 'name a file that can be read, or - for standard input';
    return {
      problems: [{ file, line: 1, field: '', severity: 'error', message, fix }],
      checked: 0,
      skipped: 0,
    };
  }
}

interface Arguments {
  readonly files: readonly string[];
  readonly json: boolean;
  readonly strict: boolean;
  readonly help: boolean;
}

function parseArguments(args: readonly string[]): Arguments | { readonly wrong: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return positionals.length === 0 && !values.help
      ? { wrong: 'name at least one file, or - for standard input' }
      : { ...values, files: positionals };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

/** Resolves to the exit status. */
export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args);
  if ('wrong' in parsed) {
    process.stderr.write(`serin lint: ${parsed.wrong}\n\n${USAGE}`);
    return 2;
  }
  if (parsed.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const results: LintResult[] = [];
  for (const file of parsed.files) {
    results.push(await lintFile(file));
  }
  const problems = results
    .flatMap((result) => result.problems)
    .map((problem) => (parsed.strict ? { ...problem, severity: 'error' as const } : problem));
  for (const problem of problems) {
    process.stdout.write(`${parsed.json ? JSON.stringify(problem) : formatLintProblem(problem)}\n`);
  }
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (!parsed.json) {
    const objects = `${total(results, 'checked')} checked, ${total(results, 'skipped')} of other kinds skipped`;
    process.stderr.write(`${objects}: ${errors} errors, ${problems.length - errors} warnings\n`);
  }
  return errors > 0 ? 1 : 0;
}
