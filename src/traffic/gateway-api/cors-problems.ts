// Checks of `service.corsPolicy` against the schema of HTTPCORSFilter.
import { parseDurationMs } from '../../api/duration.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { CorsPolicy } from '../../api/service.ts';
import { error, ignoredKeys } from '../problems.ts';
import { listProblems } from './values.ts';

const ORIGIN = /^\*$|^https?:\/\/((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:[0-9]{1,5})?$/;
const CORS_METHOD = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|\*)$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/;
const MAX_CORS_METHODS = 9;
const MAX_CORS_LIST = 64;

export function corsProblems(policy: CorsPolicy, provider: string): Problem[] {
  const path: Path = ['spec', 'service', 'corsPolicy'];
  const { maxAge } = policy;
  const alone = { star: true, max: MAX_CORS_LIST };
  const headerRule = { pattern: HEADER_NAME, fix: 'write the name of a header' };
  return [
    ...ignoredKeys({ allowOrigins: policy.allowOrigins }, [], { path, provider }),
    ...listProblems([...path, 'allowOrigin'], policy.allowOrigin, {
      ...alone,
      pattern: ORIGIN,
      fix: 'write the scheme as well, such as https://example.com; write * alone',
    }),
    ...listProblems([...path, 'allowMethods'], policy.allowMethods, {
      ...alone,
      max: MAX_CORS_METHODS,
      pattern: CORS_METHOD,
      fix: 'write methods in upper case; write * alone',
    }),
    ...listProblems([...path, 'allowHeaders'], policy.allowHeaders, { ...alone, ...headerRule }),
    ...listProblems([...path, 'exposeHeaders'], policy.exposeHeaders, { max: MAX_CORS_LIST, ...headerRule }),
    ...(maxAge === undefined || (parseDurationMs(maxAge) ?? 0) >= 1000
      ? []
      : [
          error([...path, 'maxAge'], {
            value: maxAge,
            message: 'is no duration of at least one second',
            fix: 'write whole seconds, such as 24h or 3600s; leave it out for 5 seconds',
          }),
        ]),
  ];
}
