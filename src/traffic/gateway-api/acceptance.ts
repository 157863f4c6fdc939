// Whether the controllers of all parents have taken over an HTTPRoute: `Accepted` and `ResolvedRefs`, each for the current
// generation (Gateway API v1.6, RouteParentStatus).
import { canonicalJson } from '../../model/hash.ts';
import { numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Acceptance } from '../router.ts';
import { normalParent } from './normal.ts';

const severity: Readonly<Record<Acceptance['state'], number>> = {
  accepted: 0,
  unknown: 1,
  pending: 2,
  rejected: 3,
};

/** The worst of what is said about the parents. */
export function acceptanceOf(route: KubeObject): Acceptance {
  const refs = objectsOf(objectOf(route['spec'])['parentRefs']);
  const all = refs.flatMap((ref) => ofParent(route, ref));
  const [first = { state: 'unknown', message: 'the route has no parents' }, ...rest] = all;
  return rest.reduce((worst, next) => (severity[next.state] > severity[worst.state] ? next : worst), first);
}

function ofParent(route: KubeObject, ref: JsonObject): Acceptance[] {
  const { namespace, generation } = route.metadata;
  const identity = (parent: JsonObject): string => canonicalJson(normalParent(parent, namespace));
  const reports = objectsOf(objectOf(route['status'])['parents']).filter(
    ({ parentRef }) => identity(objectOf(parentRef)) === identity(ref),
  );
  const parent = `${textOf(ref['kind']) ?? 'Gateway'} ${textOf(ref['name']) ?? ''}`;
  if (reports.length === 0) {
    return [{ state: 'pending', message: `no controller has reported on ${parent} yet` }];
  }
  return reports.flatMap(({ conditions }) =>
    ['Accepted', 'ResolvedRefs'].map((type) => {
      const condition = objectsOf(conditions).find((candidate) => candidate['type'] === type);
      return ofCondition(condition, { what: `${type} of ${parent}`, generation });
    }),
  );
}

interface Expectation {
  readonly what: string;
  readonly generation: number | undefined;
}

/** Some controllers leave out observedGeneration: then True counts, and False may be old news. */
function ofCondition(condition: JsonObject | undefined, { what, generation }: Expectation): Acceptance {
  const status = textOf(condition?.['status']) ?? 'missing';
  const observed = numberOf(condition?.['observedGeneration']);
  if (observed !== undefined && generation !== undefined && observed < generation) {
    return { state: 'pending', message: `${what} is about generation ${observed}, not yet ${generation}` };
  }
  if (status === 'True') {
    return { state: 'accepted', message: '' };
  }
  const reason = [condition?.['reason'], condition?.['message']]
    .flatMap((text) => textOf(text) ?? [])
    .join(': ');
  const message = `${what} is ${status}${reason === '' ? '' : ` (${reason})`}`;
  return { state: status === 'False' && observed !== undefined ? 'rejected' : 'pending', message };
}
