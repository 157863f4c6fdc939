// Whether Gloo has taken over a RouteTable: the state that each of its installations reports under its own namespace. It
// names no generation, and is not written again while it stays the same, so that Accepted may be about the generation
// before: it says no more than that nothing is known to be wrong. A warning means that a route was left out, or that it
// leads to an Upstream that Gloo has not seen.
import { objectOf, textOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Acceptance } from '../router.ts';

/** As older releases write them. */
const numbered = ['Pending', 'Accepted', 'Rejected', 'Warning'];

const severity: Readonly<Record<Acceptance['state'], number>> = {
  unknown: 0,
  accepted: 0,
  pending: 1,
  rejected: 2,
};

/** The worst of what is reported; older releases report once, without a namespace. */
export function acceptanceOf(table: KubeObject): Acceptance {
  const { statuses, ...alone } = objectOf(table['status']);
  const reports = Object.entries(objectOf(statuses));
  const all = (reports.length === 0 && alone['state'] !== undefined ? [['', alone] as const] : reports).map(
    ([namespace, report]) => ofReport(namespace, report),
  );
  const [first = { state: 'pending', message: 'Gloo has not yet reported on the RouteTable' }, ...rest] = all;
  return rest.reduce((worst, next) => (severity[next.state] > severity[worst.state] ? next : worst), first);
}

function ofReport(namespace: string, report: unknown): Acceptance {
  const { state, reason } = objectOf(report);
  const word = textOf(state) ?? numbered[Number(state ?? 0)] ?? 'Pending';
  if (word === 'Accepted') {
    return { state: 'unknown', message: '' };
  }
  const who = namespace === '' ? 'Gloo' : `Gloo in ${namespace}`;
  const why = textOf(reason) ?? '';
  return {
    state: word === 'Rejected' ? 'rejected' : 'pending',
    message: `${who} says ${word} of the RouteTable${why === '' ? '' : `: ${why}`}`,
  };
}
