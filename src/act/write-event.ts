// Kubernetes events about a Canary. Each reason is an event of its own, so that correlation on the server never drops one
// for another.
import type { PostedNotice } from '../api/status.ts';
import { isApiError } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { digest } from '../model/hash.ts';
import { apiVersionOf, resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';

const COMPONENT = 'serin';

export interface EventSubject {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Its name follows from whose notice it is and which, so that one that is said again is the same event. */
export function renderEvent(subject: EventSubject, notice: PostedNotice): KubeObject {
  const { name, namespace, uid } = subject;
  const time = notice.at.replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: apiVersionOf(resources.events),
    kind: resources.events.kind,
    metadata: { name: `${name.slice(0, 230)}.${digest({ uid, seq: notice.seq, at: notice.at })}`, namespace },
    involvedObject: {
      apiVersion: apiVersionOf(resources.canaries),
      kind: resources.canaries.kind,
      ...subject,
    },
    type: notice.type,
    reason: notice.reason,
    message: notice.message,
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: '',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

/** Rejects with ApiError, or with what the connection failed of. */
export async function writeEvent(cluster: Cluster, event: KubeObject): Promise<void> {
  try {
    await cluster.create(resources.events, event);
  } catch (error) {
    if (!isApiError(error, 409)) {
      throw error;
    }
  }
}
