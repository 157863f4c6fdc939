// What an HTTPRoute says beside the split: copies of requests, and cookies.
import type { KubeObject } from '../../src/model/kube.ts';
import { objectOf, objectsOf, textOf } from '../../src/model/json.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { APP } from './world.ts';

export function rulesOf(route: KubeObject | undefined): readonly JsonObject[] {
  return objectsOf(objectOf(route?.['spec'])['rules']);
}

export function backendsOf(rule: JsonObject): readonly string[] {
  return objectsOf(rule['backendRefs']).map(({ name }) => textOf(name) ?? '');
}

/** Percent of the requests whose copies go to the canary; 0: none. */
export function copiesIn(route: KubeObject | undefined): number {
  const copies = rulesOf(route)
    .flatMap((rule) => objectsOf(rule['filters']))
    .map(({ requestMirror }) => objectOf(requestMirror))
    .filter(({ backendRef }) => objectOf(backendRef)['name'] === `${APP}-canary`);
  return Math.max(0, ...copies.map(({ percent = 100 }) => Number(percent)));
}

/** Every `name=value` that a rule of the route asks for or an answer sets. */
export function cookiesIn(route: KubeObject | undefined): readonly string[] {
  return [...new Set(JSON.stringify(rulesOf(route)).match(/cart-(?:track|home)=[A-Za-z]+/g))];
}

/** What answers set: `name=value; Max-Age=3600`, and so on. */
export function cookiesSetBy(route: KubeObject | undefined): readonly string[] {
  return rulesOf(route)
    .flatMap((rule) => objectsOf(rule['backendRefs']))
    .flatMap(({ filters }) => objectsOf(filters))
    .flatMap(({ responseHeaderModifier }) => objectsOf(objectOf(responseHeaderModifier)['add']))
    .map(({ value }) => textOf(value) ?? '');
}
