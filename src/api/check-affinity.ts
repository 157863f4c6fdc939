// Checks of the cookies in `spec.analysis.sessionAffinity`: names that can be told apart, attributes that stay what they are.
import type { SessionAffinity } from './analysis.ts';
import type { Checked } from './check.ts';
import { type Path, type Problem, errorAt, warningAt } from './problem.ts';

/** A token of RFC 9110, which is what RFC 6265 allows as the name of a cookie. */
const COOKIE_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const ATTRIBUTE = /^[\x21-\x3a\x3c-\x7e]*$/;

const atAffinity = (field: keyof SessionAffinity): Path => ['spec', 'analysis', 'sessionAffinity', field];

export function affinityProblems({ canary }: Checked): Problem[] {
  const affinity = canary.spec.analysis.sessionAffinity;
  return affinity === undefined
    ? []
    : [...nameProblems(affinity), ...attributeProblems(affinity), ...ageProblems(affinity)];
}

function nameProblems(affinity: SessionAffinity): Problem[] {
  const { cookieName, primaryCookieName = '' } = affinity;
  const found: Problem[] = [];
  for (const [field, name] of [
    ['cookieName', cookieName],
    ['primaryCookieName', primaryCookieName],
  ] as const) {
    if (!COOKIE_NAME.test(name) && !(field === 'primaryCookieName' && name === '')) {
      const message = `is ${JSON.stringify(name)}, which cannot be the name of a cookie`;
      found.push(errorAt(atAffinity(field), { value: name, message, fix: 'use letters, digits and dashes' }));
    }
  }
  if (cookieName === primaryCookieName) {
    const message = 'is the same as cookieName, so that nobody could tell primary and canary apart';
    found.push(
      errorAt(atAffinity('primaryCookieName'), {
        value: primaryCookieName,
        message,
        fix: 'use another name',
      }),
    );
  }
  return found;
}

/** RFC 6265: an attribute ends at the semicolon; what would come after it could be anything. */
function attributeProblems(affinity: SessionAffinity): Problem[] {
  return (['domain', 'path'] as const).flatMap((field) => {
    const { [field]: value = '' } = affinity;
    return ATTRIBUTE.test(value)
      ? []
      : errorAt(atAffinity(field), {
          value,
          message: `is ${JSON.stringify(value)}, which would not end where it should`,
          fix: 'leave out semicolons, blanks and control characters',
        });
  });
}

function ageProblems({ maxAge }: SessionAffinity): Problem[] {
  if (maxAge >= 0) {
    return [];
  }
  const message = `is ${maxAge}, which is taken as 86400`;
  return [warningAt(atAffinity('maxAge'), { value: maxAge, message, fix: 'use a number of seconds' })];
}
