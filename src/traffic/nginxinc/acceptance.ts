// Whether the controller has taken over a VirtualServer. It says `Valid`, `Warning` or `Invalid`, and not of which generation: what is
// bad may be old news, so it is waited out.
import { objectOf, textOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Acceptance } from '../router.ts';

export function acceptanceOf({ status }: KubeObject): Acceptance {
  const { state, message } = objectOf(status);
  const said = textOf(state) ?? '';
  if (said === 'Valid') {
    return { state: 'accepted', message: '' };
  }
  return {
    state: 'pending',
    message:
      said === ''
        ? 'no controller has reported on it yet'
        : `it is ${said}: ${textOf(message) ?? 'no reason is given'}`,
  };
}
