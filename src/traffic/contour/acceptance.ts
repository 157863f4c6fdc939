// Whether Contour has taken over an HTTPProxy: `status.currentStatus`, and the condition Valid for its generation.
import { numberOf, objectOf, objectsOf, textOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Acceptance } from '../router.ts';

export function acceptanceOf(proxy: KubeObject): Acceptance {
  const status = objectOf(proxy['status']);
  const { generation } = proxy.metadata;
  const current = textOf(status['currentStatus']) ?? 'NotReconciled';
  const description = textOf(status['description']) ?? '';
  const valid = objectsOf(status['conditions']).find(({ type }) => type === 'Valid');
  const observed = numberOf(valid?.['observedGeneration']);
  if (valid === undefined || (observed ?? 0) < (generation ?? 0)) {
    return { state: 'pending', message: `Contour has not yet reported on generation ${generation ?? 0}` };
  }
  if (current === 'valid' && valid['status'] === 'True') {
    return { state: 'accepted', message: '' };
  }
  const rejected = valid['status'] === 'False';
  return {
    state: rejected ? 'rejected' : 'pending',
    message:
      description === '' ? `the HTTPProxy is ${current}` : `the HTTPProxy is ${current}: ${description}`,
  };
}
