// Whether this cluster can be worked with at all: the definition of Canaries must keep what Serin stores in their status.
// Under a definition that prunes it, every pass would begin from nothing.
import type { Cluster } from '../cluster/cluster.ts';
import { objectOf, objectsOf } from '../model/json.ts';
import { resources } from '../model/kube.ts';
import type { KubeObject } from '../model/kube.ts';

const DEFINITION = 'canaries.flagger.app';

/** Why nothing may be done here, and what to do about it; undefined where all is well. */
export async function whyRefuse(cluster: Cluster): Promise<string | undefined> {
  const definition = await cluster.get(resources.customResourceDefinitions, { name: DEFINITION });
  if (definition === undefined) {
    return `the definition ${DEFINITION} is not installed: apply crds/ or install the chart`;
  }
  return keepsRun(definition)
    ? undefined
    : `the definition ${DEFINITION} does not keep status.run, it is that of another controller: apply crds/ of this version`;
}

function keepsRun(definition: KubeObject): boolean {
  const { version } = resources.canaries;
  const served = objectsOf(objectOf(definition['spec'])['versions']).find(({ name }) => name === version);
  const schema = objectOf(objectOf(served?.['schema'])['openAPIV3Schema']);
  const status = objectOf(objectOf(schema['properties'])['status']);
  return status['x-kubernetes-preserve-unknown-fields'] === true || 'run' in objectOf(status['properties']);
}
