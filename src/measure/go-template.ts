// Query templates: the part of Go's text/template that queries use, with the functions of a Canary. Total: every template
// ends in a text or in one message that says what is wrong and where. Reading is in
// go-template-lex and -parse, running in -evaluate.
import { TemplateError } from './go-template-lex.ts';
import { MAX_CHARACTERS, evaluate, isLazy } from './go-template-evaluate.ts';
import type { TemplateFunction } from './go-template-functions.ts';
import { builtinFunctions } from './go-template-functions.ts';
import { parseTemplate } from './go-template-parse.ts';
import type { Value } from './go-value.ts';

/** What the functions of a query template answer. */
export interface QueryScope {
  readonly name: string;
  readonly namespace: string;
  readonly target: string;
  readonly service: string;
  readonly ingress: string;
  readonly route: string;
  readonly interval: string;
  readonly variables: Readonly<Record<string, string>>;
  /** For the built-in queries: which of the two Services, the canary's where nothing is said. */
  readonly subject?: 'canary' | 'primary';
  /** For the built-in queries: by which the names of pods are made. A Deployment where nothing is said. */
  readonly targetKind?: string;
  /** For the built-in queries: which of Kuma's meshes. */
  readonly mesh?: string;
}

export type Rendered =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

/** `message` names line and column, and never a value of the scope. */
export function renderQuery(template: string, scope: QueryScope): Rendered {
  if (template.length > MAX_CHARACTERS) {
    return { ok: false, message: `the query is longer than ${MAX_CHARACTERS} characters` };
  }
  const unsafe = unsafeValue(scope);
  if (unsafe !== undefined) {
    return { ok: false, message: `${unsafe} holds a line break or another control character` };
  }
  try {
    const functions = functionsOf(scope);
    const nodes = parseTemplate(template, (name) => isLazy(name) || functions.has(name));
    return { ok: true, text: evaluate(nodes, functions) };
  } catch (error) {
    if (!(error instanceof TemplateError)) {
      throw error;
    }
    return { ok: false, message: `${placeOf(template, error.at)}: ${error.message}` };
  }
}

/**
 * Values are inserted as they are: manifests pass whole selectors and label values in `templateVariables`, and no rule of
 * quoting fits every place they are put. What has no use in any query language, and could end a comment or a header, is
 * refused: control characters, line breaks among them. Whoever may not choose the query at all is kept out by
 * `-no-cross-namespace-refs` and RBAC on templates, not by escaping.
 */
function unsafeValue({ variables, ...values }: QueryScope): string | undefined {
  const control = /\p{Cc}/u;
  const named = Object.entries(values).find(([, value]) => control.test(value));
  const variable = Object.entries(variables).find(([, value]) => control.test(value));
  return named?.[0] ?? (variable === undefined ? undefined : `variable ${JSON.stringify(variable[0])}`);
}

function functionsOf({ variables, ...values }: QueryScope): ReadonlyMap<string, TemplateFunction> {
  return new Map([
    ...builtinFunctions,
    ...Object.entries(values).map(([name, value]): [string, TemplateFunction] => [name, constant(value)]),
    ['variables', constant(new Map(Object.entries(variables)))],
  ]);
}

function constant(value: Value): TemplateFunction {
  return { minArguments: 0, maxArguments: 0, call: () => value };
}

function placeOf(template: string, at: number): string {
  const before = template.slice(0, at).split('\n');
  return `line ${before.length}, column ${Array.from(before.at(-1) ?? '').length + 1}`;
}
