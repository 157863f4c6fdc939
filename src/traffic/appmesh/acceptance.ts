// Whether App Mesh has taken over a VirtualRouter: the condition VirtualRouterActive, for its generation. The earlier version
// says of no generation what it says.
import { numberOf, objectOf, objectsOf, textOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Acceptance } from '../router.ts';

export function acceptanceOf(router: KubeObject): Acceptance {
  const status = objectOf(router['status']);
  const { generation = 0 } = router.metadata;
  const active = objectsOf(status['conditions']).find(({ type }) => type === 'VirtualRouterActive');
  if (active === undefined || (numberOf(status['observedGeneration']) ?? 0) < generation) {
    return { state: 'pending', message: `App Mesh has not yet reported on generation ${generation}` };
  }
  const message = textOf(active['message']) ?? '';
  if (active['status'] === 'True') {
    return { state: 'accepted', message: '' };
  }
  return {
    state: active['status'] === 'False' ? 'rejected' : 'pending',
    message:
      message === '' ? 'the VirtualRouter is not active' : `the VirtualRouter is not active: ${message}`,
  };
}
