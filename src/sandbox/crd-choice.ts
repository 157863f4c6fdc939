// A failed oneOf or anyOf, said in terms of the keys that it is about.
import type { StructuralSchema } from '../api/structural-schema.ts';

interface Wrong {
  readonly message: string;
  readonly fix: string;
}

const joined = (words: readonly string[], last: string): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;

/**
 * Definitions use oneOf to say which keys go together, as in "interval, threshold and one of three others". What all
 * forms require is named if it is missing; else the keys that distinguish them are counted.
 */
export function describeChoice(forms: readonly StructuralSchema[], value: unknown): Wrong {
  const required = forms.map((form) => form.required ?? []).filter((keys) => keys.length > 0);
  const [first = []] = required;
  const common = first.filter((key) => required.every((keys) => keys.includes(key)));
  const distinct = [...new Set(required.flat())].filter((key) => !common.includes(key));
  const has = (key: string): boolean => typeof value === 'object' && value !== null && key in value;

  const missing = common.filter((key) => !has(key));
  const present = distinct.filter(has);
  if (present.length > 1) {
    return {
      message: `has ${joined(present, 'and')}, of which only one may be set`,
      fix: 'keep one and remove the rest',
    };
  }
  const choice = present.length === 0 && distinct.length > 0;
  if (missing.length === 0 && !choice) {
    return { message: 'has none of the forms that are allowed', fix: 'see the documentation of the field' };
  }
  return {
    message: `needs ${joined([...missing, ...(choice ? [`one of ${joined(distinct, 'and')}`] : [])], 'and')}`,
    fix: `add ${joined([...missing, ...(choice ? [joined(distinct, 'or')] : [])], 'and')}`,
  };
}
