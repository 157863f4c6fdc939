// The definitions of all meshes and ingresses, as their projects publish them, from the folder that SERIN_TEST_CRDS names, and
// from the file that SERIN_TEST_ROUTE_CRD names; most of them can be installed together, and some only in place of others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { customResourceDefinitions } from '../../../src/api/crd.ts';
import { objectOf, objectsOf, textOf } from '../../../src/model/json.ts';
import type { KubeObject, Resource } from '../../../src/model/kube.ts';
import type { Served } from './cases.ts';

/** OpenShift's, which is published apart from clusters: they serve Routes from an API server of their own. */
const routeCrd = process.env['SERIN_TEST_ROUTE_CRD'] ?? '';

/** Definitions that a cluster may serve together. */
export interface DefinitionSet {
  readonly name: string;
  readonly files: readonly string[];
}

export const together: DefinitionSet = {
  name: 'all that go together',
  files: [
    'apisix',
    'appmesh',
    'contour',
    'gateway-api-standard',
    'gloo',
    'istio',
    'knative-serving',
    'kuma',
    ...(routeCrd === '' ? [] : ['openshift']),
    'skipper',
    'smi-trafficsplit',
    'traefik',
  ],
};

/** Each defines kinds of the first set in another way. */
export const alternates: readonly DefinitionSet[] = [
  'gateway-api-experimental',
  'apisix-1.8',
  'smi-trafficsplit-osm',
  'smi-trafficsplit-v1alpha3',
  'smi-trafficsplit-v1alpha4',
].map((name) => ({ name, files: [name] }));

/** Kinds that no file defines: what is written of them is tried where schemas are not looked at, and nowhere else. */
export const undefinedKinds: Readonly<Record<string, string>> = {
  'appmesh.k8s.aws/v1beta1': 'published only in a form that no supported API server accepts',
  'k8s.nginx.org/v1': 'its definitions are not in the folder',
  ...(routeCrd === '' ? { 'route.openshift.io/v1': 'SERIN_TEST_ROUTE_CRD is not set' } : {}),
};

const read = new Map<string, readonly KubeObject[]>();

export function definitionsOf(folder: string, { files }: DefinitionSet): readonly KubeObject[] {
  return files.flatMap((file) => {
    const found =
      read.get(file) ?? definitionsIn(file === 'openshift' ? routeCrd : join(folder, `${file}.yaml`));
    read.set(file, found);
    return found;
  });
}

function definitionsIn(file: string): readonly KubeObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
    const { metadata, ...rest } = objectOf(document.toJS());
    const { name, ...more } = objectOf(metadata);
    return typeof name === 'string'
      ? [
          {
            ...rest,
            apiVersion: 'apiextensions.k8s.io/v1',
            kind: 'CustomResourceDefinition',
            metadata: { ...more, name },
          },
        ]
      : [];
  });
}

/** Serin's own, as it generates them. */
export function ownDefinitions(): readonly KubeObject[] {
  return customResourceDefinitions().map((definition) => ({ ...definition }));
}

export function serves(definitions: readonly KubeObject[], { group, plural, version }: Resource): boolean {
  return definitions.some(
    ({ metadata, spec }) =>
      metadata.name === `${plural}.${group}` &&
      objectsOf(objectOf(spec)['versions']).some((one) => one['name'] === version && one['served'] === true),
  );
}

/** What a cluster with these definitions serves. */
export function servedWith(definitions: readonly KubeObject[]): Served {
  return {
    kind: (resource) => serves(definitions, resource),
    addition: ({ plural, group }, { isIn }) =>
      definitions.some(
        ({ metadata }) => metadata.name === `${plural}.${group}` && isIn(metadata.annotations ?? {}),
      ),
  };
}

/** The same definitions, serving of this kind this version alone. */
export function servingOnly(
  definitions: readonly KubeObject[],
  { group, plural, version }: Resource,
): readonly KubeObject[] {
  return definitions.map((definition) => {
    if (definition.metadata.name !== `${plural}.${group}`) {
      return definition;
    }
    const spec = objectOf(definition['spec']);
    const versions = objectsOf(spec['versions'])
      .filter((one) => one['name'] === version)
      .map((one) => ({ ...one, storage: true }));
    return { ...definition, spec: { ...spec, versions } };
  });
}

/** A kind that the definition serves, by which one can tell that it is served. */
export function servedBy({ spec }: KubeObject): Resource {
  const { group, names, scope, versions } = objectOf(spec);
  const { plural, kind } = objectOf(names);
  const [version] = objectsOf(versions).filter((one) => one['served'] === true);
  return {
    group: textOf(group) ?? '',
    version: textOf(version?.['name']) ?? '',
    plural: textOf(plural) ?? '',
    kind: textOf(kind) ?? '',
    namespaced: scope === 'Namespaced',
  };
}
