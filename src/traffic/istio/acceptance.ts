// Whether istiod has taken over a VirtualService. It says so only where its status reporting is switched on; elsewhere
// what the API server took is all there is to know.
import { numberOf, objectOf, objectsOf, textOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import type { Acceptance } from '../router.ts';

export function acceptanceOf({ metadata, status }: KubeObject): Acceptance {
  const { conditions, validationMessages, observedGeneration } = objectOf(status);
  const seen = numberOf(observedGeneration) ?? (Number(textOf(observedGeneration)) || undefined);
  const current = seen === undefined || seen === metadata.generation;
  const fault = objectsOf(validationMessages).find(({ level }) => textOf(level)?.toUpperCase() === 'ERROR');
  if (fault !== undefined && current) {
    const { code, name } = objectOf(fault['type']);
    const what = [textOf(code), textOf(name)].filter((word) => word !== undefined).join(' ');
    return { state: 'rejected', message: `istiod says ${what === '' ? 'that it is in error' : what}` };
  }
  const reconciled = objectsOf(conditions).find(({ type }) => type === 'Reconciled');
  if (reconciled === undefined) {
    return { state: 'unknown', message: '' };
  }
  const message = textOf(reconciled['message']) ?? '';
  return current && reconciled['status'] === 'True'
    ? { state: 'accepted', message: '' }
    : { state: 'pending', message: message === '' ? 'istiod has not distributed it yet' : message };
}
