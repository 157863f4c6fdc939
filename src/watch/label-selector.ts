// Label selectors as kubectl writes them, as predicates: watches carry none, so objects are chosen at the cache's door.

type Labels = Readonly<Record<string, string>>;
export type LabelPredicate = (labels: Labels) => boolean;

const KEY = String.raw`[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?`;
const MEMBER = new RegExp(String.raw`^(${KEY})\s+(in|notin)\s*\(([^()]*)\)$`);
const EQUAL = new RegExp(String.raw`^(${KEY})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)$`);
const EXISTS = new RegExp(String.raw`^(!?)\s*(${KEY})$`);

/**
 * `a=b,c!=d,e in (f,g),h notin (i),j,!k`; all of them hold. As in Kubernetes, `!=` and `notin` hold without the label.
 * Empty: everything. undefined for what is no selector.
 */
export function parseLabelSelector(text: string): LabelPredicate | undefined {
  const requirements =
    text.trim() === '' ? [] : text.split(/,(?![^(]*\))/).map((part) => parseOne(part.trim()));
  const known = requirements.filter((requirement) => requirement !== undefined);
  return known.length < requirements.length
    ? undefined
    : (labels) => known.every((requirement) => requirement(labels));
}

function parseOne(text: string): LabelPredicate | undefined {
  const [, member = '', operator, list = ''] = MEMBER.exec(text) ?? [];
  if (operator !== undefined) {
    const values = new Set(list.split(',').map((value) => value.trim()));
    const holds = operator === 'in';
    return (labels) => (Object.hasOwn(labels, member) && values.has(labels[member] ?? '')) === holds;
  }
  const [, key = '', sign, value = ''] = EQUAL.exec(text) ?? [];
  if (sign !== undefined) {
    return (labels) => (Object.hasOwn(labels, key) && labels[key] === value) === (sign !== '!=');
  }
  const [, not, present = ''] = EXISTS.exec(text) ?? [];
  return not === undefined ? undefined : (labels) => Object.hasOwn(labels, present) === (not === '');
}
