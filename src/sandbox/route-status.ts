// Writes what became of a route into its status, once for each thing there is to say. What that is, is decided elsewhere
// (http-route.ts, http-proxy.ts). May import the port and model/.
import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../cluster/cluster.ts';
import type { KubeObject, Resource } from '../model/kube.ts';

export class RouteStatus {
  private readonly cluster: Cluster;
  /** By uid: what was last written, and on which version of the route. */
  private readonly said = new Map<string, { status: unknown; resourceVersion: string }>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** `status` holds no times; those of conditions that have not turned are kept. */
  say(resource: Resource, route: KubeObject, status: Readonly<Record<string, unknown>>): void {
    const { uid = '', namespace = '', name, generation = 1, resourceVersion = '' } = route.metadata;
    const saying = { status, resourceVersion };
    if (
      isDeepStrictEqual(withoutTimes(route['status']), status) ||
      isDeepStrictEqual(this.said.get(uid), saying)
    ) {
      return;
    }
    this.said.set(uid, saying);
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const value = withTimes(status, timesOf(route['status']), now);
    this.cluster
      .patch(
        resource,
        { namespace, name },
        {
          kind: 'json',
          operations: [
            // A newer generation gets its own answer once it is programmed.
            { op: 'test', path: '/metadata/generation', value: generation },
            { op: 'add', path: '/status', value },
          ],
        },
        { subresource: 'status' },
      )
      .catch(() => this.said.delete(uid));
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapObjects(
  value: unknown,
  change: (object: Record<string, unknown>) => Record<string, unknown>,
): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => mapObjects(item, change));
  }
  return isObject(value)
    ? change(
        Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapObjects(inner, change)])),
      )
    : value;
}

function withoutTimes(status: unknown): unknown {
  return mapObjects(status ?? {}, ({ lastTransitionTime: _time, ...rest }) => rest);
}

function turnKey({ type, status }: Record<string, unknown>): string {
  return JSON.stringify([type, status]);
}

function timesOf(status: unknown): ReadonlyMap<string, unknown> {
  const times = new Map<string, unknown>();
  mapObjects(status ?? {}, (object) => {
    if ('lastTransitionTime' in object) {
      times.set(turnKey(object), object['lastTransitionTime']);
    }
    return object;
  });
  return times;
}

function withTimes(status: unknown, times: ReadonlyMap<string, unknown>, now: string): unknown {
  return mapObjects(status, (object) =>
    'observedGeneration' in object
      ? { ...object, lastTransitionTime: times.get(turnKey(object)) ?? now }
      : object,
  );
}
