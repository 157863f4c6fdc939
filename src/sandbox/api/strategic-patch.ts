// Strategic merge patches of built-in kinds (kubectl set, edit and apply send them), turned into plain merge patches.
// Source: the patchMergeKey and patchStrategy tags of the Kubernetes API types. Element order directives are ignored.
import { isJson, type Json } from '../store/json.ts';

const keysByField: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  imagePullSecrets: ['name'],
  env: ['name'],
  ports: ['containerPort', 'port'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey'],
  conditions: ['type'],
  ownerReferences: ['uid'],
};

/** A merge patch that does to `current` what the strategic patch asks for. */
export function strategicToMerge(current: Json, patch: Json): Json {
  const result: Json = {};
  if (patch['$patch'] === 'replace') for (const key of Object.keys(current)) result[key] = null;
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(current)) if (!retained.includes(key)) result[key] = null;
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const field = key.slice(key.indexOf('/') + 1);
      result[field] = without(result[field] ?? current[field], value);
    } else if (!key.startsWith('$')) result[key] = mergedField(key, current[key], value);
  }
  return result;
}

function mergedField(field: string, current: unknown, value: unknown): unknown {
  if (isJson(value)) return strategicToMerge(isJson(current) ? current : {}, value);
  if (!isList(value) || !isList(current))
    return isList(value) ? value.filter((item) => !isDirective(item)) : value;
  if (field === 'finalizers') return [...new Set([...current, ...value])];
  const key = keysByField[field]?.find((name) =>
    value.every((item) => isDirective(item) || (isJson(item) && name in item)),
  );
  return key === undefined ? value : mergedList(current, value, key);
}

function mergedList(current: readonly unknown[], patch: readonly unknown[], key: string): readonly unknown[] {
  if (patch.some((item) => isJson(item) && item['$patch'] === 'replace'))
    return patch.filter((item) => !isDirective(item));
  let result = current;
  for (const item of patch) {
    if (!isJson(item)) continue;
    const index = result.findIndex((old) => isJson(old) && old[key] === item[key]);
    const old = result[index];
    if (item['$patch'] === 'delete') result = result.filter((each) => each !== old);
    else result = isJson(old) ? result.with(index, applied(old, item)) : [...result, applied({}, item)];
  }
  return result;
}

/** Inside a list there is no merge patch: its elements are written whole. */
function applied(old: Json, item: Json): Json {
  const merge = (target: Json, patch: Json): Json => {
    const next = { ...target };
    for (const [key, value] of Object.entries(patch)) {
      const before = next[key];
      if (value === null) delete next[key];
      else next[key] = isJson(value) ? merge(isJson(before) ? before : {}, value) : value;
    }
    return next;
  };
  return merge(old, strategicToMerge(old, item));
}

function without(list: unknown, values: unknown): unknown {
  return isList(list) && isList(values) ? list.filter((item) => !values.includes(item)) : list;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** An element that only says what to do with the list. */
const isDirective = (item: unknown): boolean =>
  isJson(item) && '$patch' in item && (item['$patch'] === 'replace' || Object.keys(item).length === 1);
