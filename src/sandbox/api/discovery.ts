// What tools ask first: versions, groups, and the kinds in them.
import type { Kind } from '../store/kind.ts';

const version = { major: '1', minor: '36', gitVersion: 'v1.36.3-serin-sandbox', platform: 'serin/sandbox' };
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];

/** The answer to a GET of `path`; undefined where there is none. */
export function discoveryOf(path: string, kinds: readonly Kind[]): unknown {
  const [root = '', group, groupVersion, ...more] = path.split('/').slice(1);
  if (more.length > 0) return undefined;
  switch (root) {
    case 'version':
      return version;
    case 'api':
      if (group === undefined)
        return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
      return groupVersion === undefined ? resourceList('', group, kinds) : undefined;
    case 'apis':
      if (group === undefined) return groupList(kinds);
      return groupVersion === undefined ? groupOf(group, kinds) : resourceList(group, groupVersion, kinds);
    default:
      return undefined;
  }
}

function groupList(kinds: readonly Kind[]): unknown {
  const names = new Set(kinds.map(({ resource }) => resource.group).filter((group) => group !== ''));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...names].map((name) => groupOf(name, kinds)) };
}

function groupOf(name: string, kinds: readonly Kind[]): unknown {
  const own = kinds.filter(({ resource }) => resource.group === name);
  const versions = [...new Set(own.map(({ resource }) => resource.version))].map((each) => ({
    groupVersion: `${name}/${each}`,
    version: each,
  }));
  if (versions.length === 0) return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', name, versions, preferredVersion: versions[0] };
}

function resourceList(group: string, groupVersion: string, kinds: readonly Kind[]): unknown {
  const own = kinds.filter(({ resource }) => resource.group === group && resource.version === groupVersion);
  if (own.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? groupVersion : `${group}/${groupVersion}`,
    resources: own.flatMap(entriesOf),
  };
}

function entriesOf({ resource, names, statusSubresource, scale }: Kind): readonly unknown[] {
  const { plural: name, namespaced, kind } = resource;
  const { singular: singularName, shortNames, categories } = names;
  const sub = { singularName: '', namespaced, verbs: subresourceVerbs };
  const scaleEntry = { ...sub, name: `${name}/scale`, group: 'autoscaling', version: 'v1', kind: 'Scale' };
  return [
    {
      name,
      singularName,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    },
    ...(statusSubresource ? [{ ...sub, name: `${name}/status`, kind }] : []),
    ...(scale === undefined ? [] : [scaleEntry]),
  ];
}
