// Whether this cluster can be worked with at all: the definition of Canaries must keep what Serin stores in their status.
// Under a definition that prunes it, every pass would begin from nothing.
import { CanaryStatus, Run } from '../api/status.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { objectOf, objectsOf } from '../model/json.ts';
import type { JsonObject } from '../model/json.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';

const DEFINITION = 'canaries.flagger.app';

/** Why nothing may be done here, and what to do about it; undefined where all is well. */
export async function whyRefuse(cluster: Cluster): Promise<string | undefined> {
  const definition = await cluster.get(resources.customResourceDefinitions, { name: DEFINITION });
  if (definition === undefined) {
    return `the definition ${DEFINITION} is not installed: apply crds/ or install the chart`;
  }
  const dropped = firstDropped(definition);
  return dropped === undefined
    ? undefined
    : `the definition ${DEFINITION} does not keep ${dropped}, it is that of another controller or of an older version: apply crds/ of this version`;
}

/** The first field of ours that the server would drop from a status. */
function firstDropped(definition: KubeObject): string | undefined {
  const { version } = resources.canaries;
  const served = objectsOf(objectOf(definition['spec'])['versions']).find(({ name }) => name === version);
  const schema = objectOf(objectOf(served?.['schema'])['openAPIV3Schema']);
  const status = objectOf(objectOf(schema['properties'])['status']);
  if (status['x-kubernetes-preserve-unknown-fields'] === true) {
    return undefined;
  }
  // What every run needs comes first: under another controller's definition that is what people should read.
  const dropped = lacking('status', status, ['run', ...Object.keys(CanaryStatus.shape)]);
  return (
    dropped ?? lacking('status.run', objectOf(objectOf(status['properties'])['run']), Object.keys(Run.shape))
  );
}

function lacking(path: string, schema: JsonObject, keys: readonly string[]): string | undefined {
  const kept = objectOf(schema['properties']);
  const missing = keys.find((key) => !(key in kept));
  return schema['x-kubernetes-preserve-unknown-fields'] === true || missing === undefined
    ? undefined
    : `${path}.${missing}`;
}
