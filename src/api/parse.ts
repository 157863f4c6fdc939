// From an object of the API server to a kind of this folder, or to what is wrong with it.
import { z } from 'zod';
import { AlertProvider } from './alert-provider.ts';
import { Canary } from './canary.ts';
import { MetricTemplate } from './metric-template.ts';
import { type Path, type Problem, formatPath } from './problem.ts';
import { CanaryStatus } from './status.ts';
import { fixForType, formatValue, listOf, meaningOfPattern, messageForType } from './wording.ts';

export type Parsed<Name extends string, Kind> =
  | ({ readonly ok: true } & { readonly [key in Name]: Kind })
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Nulls count as absent, as for the API server. Unknown fields survive, those in status do not. A part of the status
 * that cannot be read counts as absent too, because others write there; only a `run` that cannot be read is a problem,
 * because it says where the traffic is.
 */
export function parseCanary(object: unknown): Parsed<'canary', Canary> {
  const plain = withoutNulls(object);
  const input = isRecord(plain) ? { ...plain, status: readableStatus(plain['status']) } : plain;
  const result = parse(Canary, input);
  return result.ok ? { ok: true, canary: result.value } : result;
}

/** The status alone, as parseCanary reads it: for a Canary whose spec has become invalid in the middle of a run. */
export function parseStatus(status: unknown): Parsed<'status', CanaryStatus> {
  const result = parse(Status, { status: readableStatus(withoutNulls(status)) });
  return result.ok ? { ok: true, status: result.value.status } : result;
}

/** Its problems name fields from the object on. */
const Status = z.object({ status: CanaryStatus });

export function parseMetricTemplate(object: unknown): Parsed<'template', MetricTemplate> {
  const result = parse(MetricTemplate, withoutNulls(object));
  return result.ok ? { ok: true, template: result.value } : result;
}

export function parseAlertProvider(object: unknown): Parsed<'provider', AlertProvider> {
  const result = parse(AlertProvider, withoutNulls(object));
  return result.ok ? { ok: true, provider: result.value } : result;
}

function parse<Kind>(
  schema: z.ZodType<Kind>,
  input: unknown,
): { ok: true; value: Kind } | { ok: false; problems: Problem[] } {
  const result = schema.safeParse(input, { reportInput: true });
  return result.success
    ? { ok: true, value: result.data }
    : { ok: false, problems: problemsOf(result.error.issues) };
}

function readableStatus(status: unknown): Record<string, unknown> {
  if (!isRecord(status)) {
    return {};
  }
  const result = CanaryStatus.safeParse(status);
  if (result.success) {
    return result.data;
  }
  const unreadable = new Set(result.error.issues.map((issue) => issue.path[0]));
  return Object.fromEntries(Object.entries(status).filter(([key]) => key === 'run' || !unreadable.has(key)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy in which no object has a null. Those in lists stay: the API server keeps and refuses them. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  if (!isRecord(value)) {
    return value;
  }
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutNulls(each)]));
}

type Wrong = Pick<Problem, 'message' | 'fix'>;

function problemsOf(issues: readonly z.core.$ZodIssue[]): Problem[] {
  const unreadable = issues.find((issue) => issue.path[0] === 'status');
  const problems = issues.filter((issue) => issue.path[0] !== 'status').map(problemOf);
  return unreadable === undefined ? problems : [...problems, unreadableRun(unreadable)];
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  return {
    severity: 'error',
    reason: 'InvalidSpec',
    field: formatPath(pathOf(issue)),
    ...(issue.input === undefined ? {} : { value: issue.input }),
    ...wrongOf(issue),
  };
}

function unreadableRun(issue: z.core.$ZodIssue): Problem {
  return {
    severity: 'error',
    reason: 'InvalidSpec',
    field: 'status.run',
    message: `was written by another version of Serin: ${formatPath(pathOf(issue))} ${wrongOf(issue).message}`,
    fix: 'run that version, or remove status.run to start the run again',
  };
}

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
}

function wrongOf(issue: z.core.$ZodIssue): Wrong {
  if (issue.input === undefined) {
    return { message: 'is missing', fix: 'add it' };
  }
  switch (issue.code) {
    case 'invalid_type':
      return {
        message: messageForType(issue.expected, issue.input),
        fix: fixForType(issue.expected, issue.input),
      };
    case 'invalid_value':
      return {
        message: `is ${formatValue(issue.input)}, which is not allowed`,
        fix: `use ${listOf(issue.values)}`,
      };
    case 'invalid_format': {
      const meaning = meaningOfPattern(String(issue.pattern).replace(/^\/|\/$/g, ''));
      return { message: `is ${formatValue(issue.input)}, which is not ${meaning}`, fix: `write ${meaning}` };
    }
    case 'invalid_union':
      return { message: `must not be ${formatValue(issue.input)}`, fix: 'write a number or text' };
    case 'too_small':
    case 'too_big':
      return {
        message: `is ${formatValue(issue.input)}, which is out of range`,
        fix: `use ${limitOf(issue)}`,
      };
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return { message: `is not valid: ${issue.message}`, fix: 'correct it' };
  }
}

function limitOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  if (issue.code === 'too_small') {
    return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
  }
  return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
}
