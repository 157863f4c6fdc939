// The normal form of a MeshHTTPRoute: only what we write, with the API's defaults filled in and order taken out where it has no
// meaning. Matches and most filters are those of an HTTPRoute.
import { objectOf, objectsOf, textOf, type JsonObject } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube.ts';
import { normalFilters, normalMatches } from '../gateway-api/normal.ts';
import { backendNames, isOwnRule, sortedByContent } from '../live.ts';

const MIRROR = 'RequestMirror';
const modifiers = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'URLRewrite'];

export function normalSpec({ metadata, spec }: KubeObject): unknown {
  const { name } = metadata;
  return {
    to: objectsOf(objectOf(spec)['to'])
      .map(({ targetRef, rules }) => ({
        targetRef: normalRef(objectOf(targetRef)),
        rules: objectsOf(rules)
          .filter((rule) => isOwnRule(Object.keys(weightsOf(rule)), name))
          .map((rule) => normalRule(rule, name)),
      }))
      .filter(({ rules }) => rules.length > 0),
  };
}

/** Weight by Service of one rule; a backend without a weight has 1. */
export function weightsOf(rule: JsonObject): Readonly<Record<string, number>> {
  return Object.fromEntries(
    objectsOf(objectOf(rule['default'])['backendRefs']).map(({ name, weight }) => [
      textOf(name) ?? '',
      Number(weight ?? 1),
    ]),
  );
}

function normalRule(rule: JsonObject, apex: string): JsonObject {
  const { filters, backendRefs } = objectOf(rule['default']);
  return {
    matches: normalMatches(rule['matches']),
    filters: ownFilters(apex)(filters),
    backendRefs: sortedByContent(objectsOf(backendRefs).map(normalRef)),
  };
}

/** Copies that go to the canary are ours, copies to anybody else are not. */
export function isOwnFilter(filter: JsonObject, apex: string): boolean {
  const { type, requestMirror } = filter;
  return type === MIRROR
    ? objectOf(objectOf(requestMirror)['backendRef'])['name'] === backendNames(apex).canary
    : modifiers.includes(textOf(type) ?? '');
}

export function ownFilters(apex: string): (list: unknown) => unknown {
  return (list) => {
    const own = objectsOf(list).filter((filter) => isOwnFilter(filter, apex));
    const copies = own
      .filter(({ type }) => type === MIRROR)
      .map(({ requestMirror }) => normalCopies(requestMirror));
    return { copies, others: normalFilters(own.filter(({ type }) => type !== MIRROR)) };
  };
}

/** A share may be written as a number or as text. */
function normalCopies(mirror: unknown): JsonObject {
  const { backendRef, percentage = 100 } = objectOf(mirror);
  return { to: normalRef(objectOf(backendRef)), percentage: Number(percentage) };
}

export function normalRef({ kind, name, namespace, sectionName, port }: JsonObject): JsonObject {
  return { kind, name, namespace, sectionName, port };
}
