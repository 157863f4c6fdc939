// Kubernetes events about a Canary. Each reason is an event of its own, so that correlation on the server never drops one
// for another.
import type { Cluster } from '../cluster/cluster.ts';
import type { Notice } from '../model/decision.ts';
import { cutBytes } from '../model/excerpt.ts';
import { apiVersionOf, resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import { isoFromMs } from '../model/time.ts';

const COMPONENT = 'serin';
const MESSAGE_BYTES = 1024;

export interface EventSubject {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** `suffix` makes the name unique. */
export function renderEvent(
  subject: EventSubject,
  notice: Notice,
  { nowMs, suffix }: { readonly nowMs: number; readonly suffix: string },
): KubeObject {
  const time = isoFromMs(nowMs).replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: apiVersionOf(resources.events),
    kind: resources.events.kind,
    metadata: { name: `${subject.name.slice(0, 230)}.${suffix}`, namespace: subject.namespace },
    involvedObject: {
      apiVersion: apiVersionOf(resources.canaries),
      kind: resources.canaries.kind,
      ...subject,
    },
    type: notice.type,
    reason: notice.reason,
    message: cutBytes(notice.message, MESSAGE_BYTES),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

export async function writeEvent(cluster: Cluster, event: KubeObject): Promise<void> {
  await cluster.create(resources.events, event);
}
