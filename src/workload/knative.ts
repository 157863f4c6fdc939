// A Knative Service (serving.knative.dev/v1) as the target: target, primary and route are one object. Knative keeps the
// revisions, each under a name; which of them is the primary stands in an annotation. The template is never touched.
import { z } from 'zod';
import { digest } from '../model/hash.ts';
import { objectOf, textOf } from '../model/json.ts';
import { apiVersionOf, resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Readiness } from '../model/observation.ts';
import type { Problem } from '../model/problem.ts';
import type { Content, WorkloadKind, WorkloadView } from './kind.ts';
import { ownerUidsOf } from './metadata.ts';
import { sourceHashOf, templateHashOf } from './template-hash.ts';

/** The name of the primary's revision; Flagger's, so that either can continue where the other left off. */
export const PRIMARY_REVISION = 'flagger.app/primary-revision';

const Condition = z.object({
  type: z.string().catch(''),
  status: z.string().catch(''),
  reason: z.string().catch(''),
});
const Status = z.object({
  observedGeneration: z.int().catch(0),
  latestCreatedRevisionName: z.string().catch(''),
  latestReadyRevisionName: z.string().catch(''),
  conditions: z.array(Condition).catch([]),
});

/** Names are used again when a Service is deleted and made anew, so what they name is told by the Service too. */
function contentOf({ metadata }: KubeObject, revision: string): Content {
  const { uid = '' } = metadata;
  return { template: { service: uid, revision }, spec: {}, boundTo: uid };
}

function createdRevisionOf(service: KubeObject): string {
  return Status.parse(objectOf(service['status'])).latestCreatedRevisionName;
}

export function primaryRevisionOf({ metadata }: KubeObject): string | undefined {
  const name = metadata.annotations?.[PRIMARY_REVISION];
  return name === '' ? undefined : name;
}

function view(service: KubeObject): WorkloadView {
  const created = createdRevisionOf(service);
  const primary = primaryRevisionOf(service);
  return {
    ...viewOfRevision(service, created),
    ...(created === '' ? { problems: [withoutRevision(service)] } : {}),
    ...(primary === undefined ? {} : { primary: viewOfRevision(service, primary) }),
  };
}

function withoutRevision({ metadata }: KubeObject): Problem {
  return {
    severity: 'error',
    reason: 'CanaryNotReady',
    field: 'spec.targetRef.name',
    value: metadata.name,
    message: 'names a Knative Service that has no revision yet',
    fix: 'wait for Knative to make one, or look at its conditions',
  };
}

function viewOfRevision(service: KubeObject, revisionName: string): WorkloadView {
  const { metadata } = service;
  const status = Status.parse(objectOf(service['status']));
  const content = contentOf(service, revisionName).template;
  const newest = revisionName === status.latestCreatedRevisionName;
  const failed = status.conditions.some(
    (one) => one.type === 'ConfigurationsReady' && one.status === 'False',
  );
  // Knative tells of the newest revision alone; an older one has served before, or it could not be the primary.
  const ready = !newest || (revisionName === status.latestReadyRevisionName && !failed);
  const available = revisionName !== '' && ready ? 1 : 0;
  return {
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation ?? 0,
    observedGeneration: status.observedGeneration,
    ownerUids: ownerUidsOf(service),
    templateHash: templateHashOf(content),
    sourceHash: sourceHashOf(content),
    revisionName,
    replicas: 1,
    updatedReplicas: available,
    totalReplicas: available,
    readyReplicas: available,
    availableReplicas: available,
    paused: false,
    conditions: status.conditions.filter(
      ({ type }) => type === (newest ? 'ConfigurationsReady' : 'RoutesReady'),
    ),
    matchLabels: {},
    podLabels: {},
    ports: [],
    configRefs: [],
    revision: undefined,
    drifted: false,
  };
}

/** A revision never fails for good in Knative's words, so the deadline of the stage counts (D26). */
function readiness({ revisionName = '', availableReplicas, conditions }: WorkloadView): Readiness {
  const trouble = conditions.find(({ status }) => status === 'False');
  if (availableReplicas > 0 && trouble === undefined) {
    return { kind: 'ready' };
  }
  const why = trouble === undefined || trouble.reason === '' ? '' : `: ${trouble.reason}`;
  return { kind: 'notYet', message: `revision ${revisionName} is not ready${why}` };
}

export const knativeServices: WorkloadKind = {
  resource: resources.knativeServices,
  services: 'none',
  sized: false,
  view,
  readiness,
  capture: (target) => contentOf(target, createdRevisionOf(target)),
  recapture: (primary) => contentOf(primary, primaryRevisionOf(primary) ?? ''),
  renderPrimary: (stored, { name, namespace }) => ({
    apiVersion: apiVersionOf(resources.knativeServices),
    kind: resources.knativeServices.kind,
    metadata: {
      name,
      namespace,
      annotations: { [PRIMARY_REVISION]: textOf(stored.template['revision']) ?? '' },
    },
  }),
  primaryShape: {
    merge: (live, wanted) => ({
      ...live,
      metadata: {
        ...live.metadata,
        annotations: { ...live.metadata.annotations, ...wanted.metadata.annotations },
      },
    }),
    fingerprint: (object) => digest(primaryRevisionOf(object)),
  },
};
