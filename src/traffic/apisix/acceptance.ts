// Whether the ingress controller has taken over an ApisixRoute. From 2.0 on it says Accepted for each generation. Before, it
// said ResourcesAvailable, and wrote that again only when it turned: True may be about any generation, and as it can also
// be told to write no status at all, silence says nothing either.
import { numberOf, objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Acceptance } from '../router.ts';

const unknown: Acceptance = { state: 'unknown', message: '' };

export function acceptanceOf(route: KubeObject): Acceptance {
  const { generation = 0 } = route.metadata;
  const conditions = objectsOf(objectOf(route['status'])['conditions']);
  const [accepted, available] = ['Accepted', 'ResourcesAvailable'].map((name) =>
    conditions.find(({ type }) => type === name),
  );
  // After an upgrade the older word is still there.
  const condition = accepted ?? available;
  if (condition === undefined) {
    return unknown;
  }
  const isCurrent = (numberOf(condition['observedGeneration']) ?? 0) >= generation;
  if (condition['status'] === 'True') {
    return ofTrue(accepted !== undefined, isCurrent, generation);
  }
  return { state: isCurrent ? 'rejected' : 'pending', message: refusal(condition) };
}

function ofTrue(saysEach: boolean, isCurrent: boolean, generation: number): Acceptance {
  if (isCurrent) {
    return { state: 'accepted', message: '' };
  }
  return saysEach
    ? { state: 'pending', message: `APISIX has not yet reported on generation ${generation}` }
    : unknown;
}

function refusal({ type, status, reason, message }: JsonObject): string {
  const why = [reason, message].flatMap((text) => textOf(text) ?? []).join(': ');
  return `${textOf(type) ?? ''} of the ApisixRoute is ${textOf(status) ?? 'missing'}${why === '' ? '' : ` (${why})`}`;
}
