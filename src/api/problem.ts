// What is wrong with a manifest, as a value. Parsing, checking and `serin lint` all speak in Problems.

/** Where a value is: keys and list indexes from the root of the object. */
export type Path = readonly (string | number)[];

/** The words under which a manifest is refused or remarked upon; one of them is the reason of the Ready condition. */
export type ProblemReason =
  | 'InvalidSpec'
  | 'UnknownProvider'
  | 'UnsupportedMatch'
  | 'UnsupportedAffinity'
  | 'CrossNamespaceReference'
  | 'MissingReference'
  | 'IgnoredField'
  | 'AdjustedValue';

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly reason: ProblemReason;
  /** The field as a user writes it: `spec.analysis.metrics[0].name`. Empty for the whole object. */
  readonly field: string;
  /** What was found there; absent where nothing was. */
  readonly value?: unknown;
  /** What is wrong. Reads on after the name of the field and ends without a full stop. */
  readonly message: string;
  /** What to do about it, as an instruction without a full stop. */
  readonly fix: string;
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Keys that are no plain words are quoted: `metadata.labels["app.kubernetes.io/name"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') {
      text += `[${part}]`;
    } else if (PLAIN_KEY.test(part)) {
      text += text === '' ? part : `.${part}`;
    } else {
      text += `[${JSON.stringify(part)}]`;
    }
  }
  return text;
}

/** The reverse of formatPath. */
export function parsePath(field: string): Path {
  const parts = field.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g);
  return [...parts].map(([, index, quoted, plain = '']) => {
    if (index !== undefined) {
      return Number(index);
    }
    return quoted === undefined ? plain : String(JSON.parse(quoted));
  });
}

type Remark = Omit<Problem, 'severity' | 'field' | 'reason'> & { readonly reason?: ProblemReason };

/** Nothing may be written for an object that has one. */
export function errorAt(path: Path, { reason = 'InvalidSpec', ...remark }: Remark): Problem {
  return { severity: 'error', reason, field: formatPath(path), ...remark };
}

/** The object is good enough to go on with. */
export function warningAt(path: Path, { reason = 'AdjustedValue', ...remark }: Remark): Problem {
  return { severity: 'warning', reason, field: formatPath(path), ...remark };
}

/** One problem as one line of text, for conditions, events and logs. */
export function formatProblem(problem: Problem): string {
  return `${problem.field === '' ? 'the object' : problem.field} ${problem.message}; ${problem.fix}`;
}
