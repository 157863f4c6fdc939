// An upgrade of the API server: everything is answered with a field that older servers did not know. Nothing has been
// written, no generation has moved, and yet every pod template reads otherwise than before.
import type { Cluster } from '../../src/cluster/cluster.ts';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { World } from './world.ts';

/** The object as the server of today answers it. */
export function asServed({ upgraded }: World, object: KubeObject): KubeObject {
  if (!upgraded || object.kind !== 'Deployment') {
    return object;
  }
  const spec = objectOf(object['spec']);
  const template = objectOf(spec['template']);
  const pod = { enableServiceLinks: true, ...objectOf(template['spec']) };
  return { ...object, spec: { ...spec, template: { ...template, spec: pod } } };
}

/** `cluster`, with the answers of the server of today. */
export function servedBy(world: World, cluster: Cluster): Cluster {
  const served = (object: KubeObject): KubeObject => asServed(world, object);
  return {
    get: async (resource, key) => {
      const object = await cluster.get(resource, key);
      return object === undefined ? undefined : served(object);
    },
    list: async (resource, options) => {
      const page = await cluster.list(resource, options);
      return { ...page, items: page.items.map(served) };
    },
    watch: (resource, options) => cluster.watch(resource, options),
    create: async (...call) => served(await cluster.create(...call)),
    replace: async (...call) => served(await cluster.replace(...call)),
    patch: async (...call) => served(await cluster.patch(...call)),
    delete: (...call) => cluster.delete(...call),
  };
}
