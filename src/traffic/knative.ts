// Knative Serving: the weights stand in `spec.traffic` of the user's own Service, which is also the target. Two entries are
// ours: the latest revision, which is the canary, and the primary's, by name. Nothing else of the Service is written.
import { digest } from '../model/hash.ts';
import { numberOf, objectOf, objectsOf, textOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';
import { apiVersionOf, resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Split } from '../model/split.ts';
import { PRIMARY_REVISION } from '../workload/knative.ts';
import { objectView } from './router.ts';
import type { Acceptance, RouteShape, TrafficRouter } from './router.ts';

/** What a Service that says nothing means. */
const everythingToLatest: readonly JsonObject[] = [{ latestRevision: true, percent: 100 }];

function entriesOf(service: KubeObject): readonly JsonObject[] {
  const entries = objectsOf(objectOf(service['spec'])['traffic']);
  return entries.length === 0 ? everythingToLatest : entries;
}

/** The revision by name; empty in a wish, which knows none. */
function primaryOf(service: KubeObject): string {
  const newest = textOf(objectOf(service['status'])['latestCreatedRevisionName']);
  return service.metadata.annotations?.[PRIMARY_REVISION] ?? newest ?? '';
}

const isLatest = (entry: JsonObject): boolean => entry['latestRevision'] === true;
const isNamed =
  (name: string) =>
  (entry: JsonObject): boolean =>
    !isLatest(entry) && entry['revisionName'] === name;
const percentOf = (entry: JsonObject | undefined): number => numberOf(entry?.['percent']) ?? 0;

/** By a tag an entry has an address of its own, whatever its share. */
function tagOf(entry: JsonObject | undefined): JsonObject {
  return entry?.['tag'] === undefined ? {} : { tag: entry['tag'] };
}

/** Our two entries, with the tags they have, and what else has a tag, without a share. */
function trafficOf(live: KubeObject, { primary, canary }: Split): readonly JsonObject[] {
  const name = primaryOf(live);
  const before = entriesOf(live);
  const latest = before.find(isLatest);
  const named = before.find(isNamed(name));
  const others = before
    .filter((entry) => entry !== latest && entry !== named && entry['tag'] !== undefined)
    .map((entry) => (percentOf(entry) > 0 ? { ...entry, percent: 0 } : entry));
  return [
    { ...tagOf(latest), latestRevision: true, percent: canary },
    { ...tagOf(named), revisionName: name, percent: primary },
    ...others,
  ];
}

function withTraffic(live: KubeObject, traffic: readonly JsonObject[]): KubeObject {
  return { ...live, spec: { ...objectOf(live['spec']), traffic } };
}

/** Whatever is not the latest counts as the primary's: right after a promotion that is still the revision before it. */
function splitIn(service: KubeObject): Split {
  const share = (of: (entry: JsonObject) => boolean): number =>
    entriesOf(service)
      .filter(of)
      .reduce((sum, entry) => sum + percentOf(entry), 0);
  return { canary: share(isLatest), primary: share((entry) => !isLatest(entry)) };
}

/** Which entries have a share: ours, each once, and no other. */
function fingerprint(service: KubeObject): string {
  const name = primaryOf(service);
  const holders = entriesOf(service).flatMap((entry) => {
    if (isLatest(entry)) {
      return ['latest'];
    }
    if (entry['revisionName'] === name) {
      return ['primary'];
    }
    return percentOf(entry) > 0 ? [`other ${String(entry['revisionName'])}`] : [];
  });
  return digest(holders.toSorted());
}

/** The split counts once Knative reports it as its own: `spec` may be ahead of `status`. */
function acceptanceOf(service: KubeObject): Acceptance {
  const status = objectOf(service['status']);
  const { generation = 0 } = service.metadata;
  if ((numberOf(status['observedGeneration']) ?? 0) < generation) {
    return { state: 'pending', message: `Knative has not yet reported on generation ${generation}` };
  }
  const routes = objectsOf(status['conditions']).find(({ type }) => type === 'RoutesReady');
  const message = textOf(routes?.['message']) ?? '';
  if (routes?.['status'] === 'False') {
    return { state: 'rejected', message };
  }
  const name = primaryOf(service);
  const reported = objectsOf(status['traffic']);
  const { primary, canary } = splitIn(service);
  const same =
    percentOf(reported.find(isLatest)) === canary && percentOf(reported.find(isNamed(name))) === primary;
  return routes?.['status'] === 'True' && same
    ? { state: 'accepted', message: '' }
    : { state: 'pending', message: message === '' ? 'Knative has not yet taken over the weights' : message };
}

const route: RouteShape = {
  resource: resources.knativeServices,
  render: ({ apex, namespace, split }) => ({
    apiVersion: apiVersionOf(resources.knativeServices),
    kind: resources.knativeServices.kind,
    metadata: { name: apex, namespace },
    spec: {
      traffic: [
        { latestRevision: true, percent: split.canary },
        { revisionName: '', percent: split.primary },
      ],
    },
  }),
  merge: (live, wanted) => withTraffic(live, trafficOf(live, splitIn(wanted))),
  fingerprint,
  view(live) {
    const { primary, canary } = splitIn(live);
    const { name } = live.metadata;
    return {
      ...objectView(live, fingerprint(live)),
      // The user's, whoever owns it.
      ownerUids: [],
      weights: { [`${name}-primary`]: primary, [`${name}-canary`]: canary },
      acceptance: acceptanceOf(live),
    };
  },
  reweigh: (live, split) => withTraffic(live, trafficOf(live, split)),
  givenBack(live) {
    const { [PRIMARY_REVISION]: _ours, ...annotations } = live.metadata.annotations ?? {};
    const latest = { ...tagOf(entriesOf(live).find(isLatest)), latestRevision: true, percent: 100 };
    const tagged = entriesOf(live).filter((entry) => !isLatest(entry) && entry['tag'] !== undefined);
    const rest = tagged.map(({ percent: _share, ...entry }) => entry);
    return withTraffic({ ...live, metadata: { ...live.metadata, annotations } }, [latest, ...rest]);
  },
};

export const knative: TrafficRouter = {
  provider: 'knative',
  capabilities: { weighted: true, serviceFields: [], acceptance: true },
  route,
};
