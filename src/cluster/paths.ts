// Where a resource lives on the API server: paths and queries, nothing else.
import type { Resource } from '../model/kube.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `deployments.apps`, `services`: how requests are counted and errors name a kind. */
export function resourceLabel({ group, plural }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** The path of the collection, or of one object where a name is given; every part is escaped. */
export function resourcePath(
  { group, version, plural, namespaced }: Resource,
  where: {
    readonly namespace?: string | undefined;
    readonly name?: string;
    readonly subresource?: string | undefined;
  },
): string {
  const parts = group === '' ? ['api', version] : ['apis', group, version];
  if (namespaced && where.namespace !== undefined) {
    parts.push('namespaces', where.namespace);
  }
  parts.push(plural);
  if (where.name !== undefined) {
    parts.push(where.name);
  }
  if (where.subresource !== undefined) {
    parts.push(where.subresource);
  }
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** `?a=b&c=d`, or an empty string; leaves out what is undefined. */
export function queryOf(query: Query): string {
  const present = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return present.length === 0 ? '' : `?${new URLSearchParams(present).toString()}`;
}
