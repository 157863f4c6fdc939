// Label and field selectors as predicates over objects.
import type { KubeObject } from '../../model/kube.ts';
import { isJson } from './json.ts';
import { badRequest } from './refusals.ts';

export type Predicate = (object: KubeObject) => boolean;

/** Fields every kind can be selected by; a kind may name more, as paths below the object. */
const metadataFields = ['metadata.name', 'metadata.namespace'];

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const keyPattern = String.raw`([A-Za-z0-9][-A-Za-z0-9_.]*(?:/[A-Za-z0-9][-A-Za-z0-9_.]*)?)`;
const setForm = new RegExp(String.raw`^${keyPattern}\s+(in|notin)\s+\(([^)]*)\)$`);
const equalForm = new RegExp(String.raw`^${keyPattern}\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)$`);
const existsForm = new RegExp(String.raw`^(!?)\s*${keyPattern}$`);

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Throws a 400 for anything else. */
export function parseLabelSelector(selector: string): Predicate {
  const requirements = splitOutsideParentheses(selector).map(parseRequirement);
  return (object) => requirements.every((holds) => holds(object.metadata.labels ?? {}));
}

function splitOutsideParentheses(selector: string): readonly string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseRequirement(text: string): Requirement {
  const set = setForm.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return operator === 'in'
      ? (labels) => Object.hasOwn(labels, key) && values.includes(labels[key] ?? '')
      : (labels) => !Object.hasOwn(labels, key) || !values.includes(labels[key] ?? '');
  }
  const equal = equalForm.exec(text);
  if (equal !== null) {
    const [, key = '', operator, value = ''] = equal;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const exists = existsForm.exec(text);
  if (exists !== null) {
    const [, not, key = ''] = exists;
    return (labels) => Object.hasOwn(labels, key) !== (not === '!');
  }
  throw badRequest(`unable to parse requirement: found '${text}'`);
}

/** `metadata.name=x,involvedObject.kind!=y`; only `metadata.*` above and the kind's own fields are known. */
export function parseFieldSelector(selector: string, known: readonly string[]): Predicate {
  const terms = selector
    .split(',')
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, [...metadataFields, ...known]));
  return (object) => terms.every((holds) => holds(object));
}

function parseTerm(term: string, known: readonly string[]): Predicate {
  const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
  if (match === null) throw badRequest(`invalid field selector: '${term}'; can't understand '${term}'`);
  const [, field = '', operator, value = ''] = match;
  if (!known.includes(field))
    throw badRequest(
      `"${field}" is not a known field selector: only ${known.map((name) => `"${name}"`).join(', ')}`,
    );
  const path = field.split('.');
  return (object) => (fieldText(object, path) === value) === (operator !== '!=');
}

function fieldText(object: KubeObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const key of path) value = isJson(value) ? value[key] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
