// The schemas of routes, as their projects publish them, from the folder that SERIN_TEST_CRDS names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { StructuralSchema } from '../../src/api/structural-schema.ts';
import { objectOf, objectsOf, type JsonObject } from '../../src/model/json.ts';
import type { Resource } from '../../src/model/kube.ts';

const files: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': 'gateway-api-standard.yaml',
  'gateway.networking.k8s.io/v1alpha2': 'gateway-api-experimental.yaml',
  'gateway.networking.k8s.io/v1alpha3': 'gateway-api-experimental.yaml',
  'projectcontour.io': 'contour.yaml',
  'keda.sh': 'keda.yaml',
  'networking.istio.io': 'istio.yaml',
  'traefik.io': 'traefik.yaml',
  'gateway.solo.io': 'gloo.yaml',
  'gloo.solo.io': 'gloo.yaml',
  'kuma.io': 'kuma.yaml',
  'split.smi-spec.io': 'smi-trafficsplit.yaml',
  'split.smi-spec.io/v1alpha3': 'smi-trafficsplit-v1alpha3.yaml',
  'split.smi-spec.io/v1alpha4': 'smi-trafficsplit-v1alpha4.yaml',
  'appmesh.k8s.aws': 'appmesh.yaml',
  'apisix.apache.org': 'apisix.yaml',
  'zalando.org': 'skipper.yaml',
};
/** Of other releases, which serve the same version. */
const otherFiles: Readonly<Record<string, readonly string[]>> = {
  'apisix.apache.org': ['apisix-1.8.yaml'],
};
const texts = new Map<string, readonly JsonObject[]>();

/** Published for no API server of today. */
const unpublished = ['appmesh.k8s.aws/v1beta1'];

/** Built-in kinds have no definition, and a Knative Service is the user's own: what of it is written has tests of its own. */
export function hasDefinition({ group, version }: Resource): boolean {
  return group in files && !unpublished.includes(`${group}/${version}`);
}

/** The files that define a kind; the usual one first. */
export function filesOf({ group, version }: Resource): readonly string[] {
  return [files[`${group}/${version}`] ?? files[group] ?? '', ...(otherFiles[group] ?? [])];
}

export function schemaOf(
  folder: string,
  resource: Resource,
  file = filesOf(resource)[0] ?? '',
): StructuralSchema {
  const { group, plural, version } = resource;
  const definition = definitionsIn(join(folder, file)).find(
    ({ metadata }) => objectOf(metadata)['name'] === `${plural}.${group}`,
  );
  const versions = objectsOf(objectOf(definition?.['spec'])['versions']);
  const served = versions.find(({ name }) => name === version);
  const schema: StructuralSchema = objectOf(objectOf(served?.['schema'])['openAPIV3Schema']);
  if (schema.properties === undefined) {
    throw new Error(`no schema of ${plural}.${group} ${version} in ${folder}`);
  }
  return schema;
}

/** What the definition of a kind says of itself. */
export function annotationsIn(
  folder: string,
  { group, plural }: Resource,
  file: string,
): Readonly<Record<string, string>> {
  const definition = definitionsIn(join(folder, file)).find(
    ({ metadata }) => objectOf(metadata)['name'] === `${plural}.${group}`,
  );
  const annotations = objectOf(objectOf(definition?.['metadata'])['annotations']);
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, String(value)]));
}

function definitionsIn(file: string): readonly JsonObject[] {
  const read =
    texts.get(file) ??
    parseAllDocuments(readFileSync(file, 'utf8')).map((document) => objectOf(document.toJS()));
  texts.set(file, read);
  return read;
}
