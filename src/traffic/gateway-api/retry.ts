// `spec.service.retries` as the retry of an HTTPRoute's rules: a field of the experimental channel since v1.2 (GEP-1731),
// which the standard one drops. It knows status codes; connections that fail are tried again whatever it says.
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { Service } from '../../api/service.ts';
import { listOf, objectOf, overlay, type JsonObject } from '../../model/json.ts';
import type { Addition, KubeObject } from '../../model/kube.ts';
import { isRecordedField } from '../../model/metadata.ts';
import { keepIfSame, sortedByContent } from '../live.ts';
import { error, warning } from '../problems.ts';
import type { FeatureUse, RouteWish } from '../router.ts';
import { ifFilled } from './filters.ts';

const RETRY = 'retry';
const FIRST_MINOR = 2;

const path: Path = ['spec', 'service', 'retries'];

/** Whether a definition has the field: by the marks that releases of the Gateway API put on their definitions. */
export const retryField: Addition = {
  isIn: (annotations) => {
    const group = 'gateway.networking.k8s.io';
    const [, major = '0', minor = '0'] =
      /^v(\d+)\.(\d+)/.exec(annotations[`${group}/bundle-version`] ?? '') ?? [];
    const isNew = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= FIRST_MINOR);
    return isNew && annotations[`${group}/channel`] === 'experimental';
  },
};

/** Words of `retryOn` as status codes; of the range of 5xx those that every implementation knows. */
const codesOfWord: Readonly<Record<string, readonly number[]>> = {
  '5xx': [500, 502, 503, 504],
  'server-error': [500, 502, 503, 504],
  'gateway-error': [502, 503, 504],
  'retriable-4xx': [409],
  'connect-failure': [],
  'refused-stream': [],
  reset: [],
  'reset-before-request': [],
};

export function retryOf(service: Service | undefined): JsonObject {
  const { attempts } = service?.retries ?? {};
  const codes = new Set(wordsOf(service).flatMap((word) => codesOf(word) ?? []));
  // None means: not at all, which is how a rule without the field is read.
  return attempts === 0
    ? {}
    : {
        ...(attempts === undefined ? {} : { attempts }),
        ...ifFilled(
          'codes',
          [...codes].toSorted((a, b) => a - b),
        ),
      };
}

function wordsOf(service: Service | undefined): readonly string[] {
  const words = (service?.retries?.retryOn ?? '').split(',').map((word) => word.trim().toLowerCase());
  return words.filter((word) => word !== '');
}

function codesOf(word: string): readonly number[] | undefined {
  return /^[45]\d\d$/.test(word) ? [Number(word)] : codesOfWord[word];
}

/** So that the field is ours where we wrote it, and somebody else's where we did not. */
export function retryFields({ spec }: RouteWish): readonly string[] {
  return Object.keys(retryOf(spec.service)).length > 0 ? [RETRY] : [];
}

export function ownsRetry(...routes: readonly KubeObject[]): boolean {
  return routes.some((route) => isRecordedField(route, RETRY));
}

export function mergeRetry(live: unknown, wanted: unknown): unknown {
  return wanted === undefined
    ? undefined
    : keepIfSame(live, overlay(objectOf(live), objectOf(wanted), ['attempts', 'codes']), normalRetry);
}

export function normalRetry(retry: unknown): JsonObject {
  const { attempts, codes } = objectOf(retry);
  return { attempts, codes: sortedByContent(listOf(codes)) };
}

export function retryProblems(spec: CanarySpec, provider: string): readonly Problem[] {
  const { attempts = 0, perTryTimeout = '' } = spec.service?.retries ?? {};
  const unknown = wordsOf(spec.service).filter((word) => codesOf(word) === undefined);
  return [
    ...(attempts < 0
      ? [
          error([...path, 'attempts'], {
            value: attempts,
            message: 'would be refused by the Gateway API',
            fix: 'set it to 0 or more',
          }),
        ]
      : []),
    ...(unknown.length > 0
      ? [
          warning([...path, 'retryOn'], {
            value: unknown.join(','),
            message: `has ${unknown.join(', ')}, which ${provider} does not know`,
            fix: `write status codes, or any of ${Object.keys(codesOfWord).join(', ')}`,
          }),
        ]
      : []),
    ...(perTryTimeout === ''
      ? []
      : [
          warning([...path, 'perTryTimeout'], {
            value: perTryTimeout,
            message: `is not honoured by ${provider}`,
            fix: 'set spec.service.backendTimeout, which holds for each attempt',
          }),
        ]),
  ];
}

export function retryFeatures({ service }: CanarySpec): readonly FeatureUse[] {
  return Object.keys(retryOf(service)).length > 0 ? [{ feature: 'HTTPRouteRetry', field: path }] : [];
}
