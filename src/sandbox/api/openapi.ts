// As much OpenAPI as kubectl needs to leave validation to the server: every patch takes `fieldValidation`.
import { resourcePath } from '../../cluster/paths.ts';
import type { Resource } from '../../model/kube.ts';
import type { Kind } from '../store/kind.ts';

const root = '/openapi/v3';

/** The answer to a GET below /openapi/v3; undefined where there is none. */
export function openApiOf(path: string, kinds: readonly Kind[]): unknown {
  if (path !== root && !path.startsWith(`${root}/`)) return undefined;
  if (path === root) {
    const entries = kinds.map(({ resource }) => [
      folderOf(resource),
      { serverRelativeURL: `${root}/${folderOf(resource)}` },
    ]);
    return { paths: Object.fromEntries(entries) };
  }
  const own = kinds.filter(({ resource }) => path === `${root}/${folderOf(resource)}`);
  if (own.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.3' },
    paths: Object.fromEntries(own.map(pathOf)),
    components: { schemas: {} },
  };
}

const folderOf = ({ group, version }: Resource): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

function pathOf({ resource }: Kind): readonly [string, unknown] {
  const where = resource.namespaced ? { namespace: '{namespace}', name: '{name}' } : { name: '{name}' };
  const { group, version, kind } = resource;
  const patch = {
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group, version, kind },
    parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
    responses: { 200: { description: 'OK' } },
  };
  return [decodeURIComponent(resourcePath(resource, where)), { patch }];
}
