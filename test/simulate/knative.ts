// What Knative Serving does to a Service: a revision for every template, ready sooner or later unless its image is broken, and
// traffic as the spec says once every revision that it names is there.
import { objectOf, objectsOf, textOf } from '../../src/model/json.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';

interface Known {
  /** Images by the name of the revision, in the order they were made. */
  readonly images: Map<string, string>;
  ready: string | undefined;
  traffic: readonly JsonObject[];
}

function condition(type: string, status: string, reason = ''): JsonObject {
  return { type, status, reason };
}

export class SimulatedKnative {
  readonly #services = new Map<string, Known>();
  readonly #imageOf: (service: KubeObject) => string;

  constructor(imageOf: (service: KubeObject) => string) {
    this.#imageOf = imageOf;
  }

  /** Its status after one look; `starts`: a pod gets ready, `routes`: a gateway takes the weights over. */
  look(service: KubeObject, { starts, routes }: { starts: boolean; routes: boolean }): JsonObject {
    const { name, uid = '', generation = 1 } = service.metadata;
    const known = this.#services.get(uid) ?? { images: new Map(), ready: undefined, traffic: [] };
    this.#services.set(uid, known);
    const image = this.#imageOf(service);
    const newest = [...known.images].at(-1);
    if (newest?.[1] !== image) {
      known.images.set(`${name}-${String(known.images.size + 1).padStart(5, '0')}`, image);
    }
    const [created = ''] = [...known.images.keys()].slice(-1);
    const broken = image.includes('broken');
    if (starts && !broken) {
      known.ready = created;
    }
    const wanted = objectsOf(objectOf(service['spec'])['traffic']);
    const missing = wanted
      .map((entry) => textOf(entry['revisionName']))
      .find((revision) => revision !== undefined && !known.images.has(revision));
    if (routes && missing === undefined && known.ready !== undefined) {
      const entries = wanted.length === 0 ? [{ latestRevision: true, percent: 100 }] : wanted;
      known.traffic = entries.map((entry) => ({
        ...entry,
        latestRevision: entry['latestRevision'] === true,
        revisionName: entry['latestRevision'] === true ? known.ready : entry['revisionName'],
      }));
    }
    const routed = known.traffic.length > 0 ? 'True' : 'Unknown';
    return {
      observedGeneration: generation,
      latestCreatedRevisionName: created,
      ...(known.ready === undefined ? {} : { latestReadyRevisionName: known.ready }),
      traffic: known.traffic,
      conditions: [
        broken
          ? condition('ConfigurationsReady', 'False', 'RevisionFailed')
          : condition('ConfigurationsReady', known.ready === created ? 'True' : 'Unknown'),
        missing === undefined
          ? condition('RoutesReady', routed)
          : condition('RoutesReady', 'False', 'RevisionMissing'),
      ],
    };
  }

  /** The image of a revision; undefined for one that is not there. */
  imageOf({ metadata }: KubeObject, revision: string | undefined): string | undefined {
    return revision === undefined ? undefined : this.#services.get(metadata.uid ?? '')?.images.get(revision);
  }
}
