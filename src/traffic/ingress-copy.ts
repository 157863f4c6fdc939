// Routes that are a second Ingress beside the user's own: made from it, and called `<name>-canary`. Where requests go is said
// in annotations, in the words of one ingress controller each; everything else is the same for all of them.
import type { CanarySpec } from '../api/canary.ts';
import { apexName } from '../api/defaults.ts';
import { digest } from '../model/hash.ts';
import { objectOf, objectsOf, textOf, type JsonObject } from '../model/json.ts';
import { apiVersionOf, resources, type KubeObject, type ObjectMeta } from '../model/kube.ts';
import { countedMetadata, mergeMetadata, ownMetadata } from '../model/metadata.ts';
import type { Split } from '../model/split.ts';
import { copiedMetadata, entriesWhere, type TextMap } from './copied-metadata.ts';
import { keepIfSame } from './live.ts';
import { error } from './problems.ts';
import { objectView } from './router.ts';
import type { RouteShape, RouteSource, RouteWish } from './router.ts';

const { ingresses } = resources;

export interface AnnotatedSplit {
  /** Annotations that carry the split: neither copied from the user's Ingress nor compared. */
  readonly isSplitKey: (key: string) => boolean;
  /** `before`: what the user's Ingress says under those keys. */
  readonly annotationsOf: (wish: RouteWish, before: TextMap) => TextMap;
  /** The annotations with another split; undefined where they cannot say it. */
  readonly reweighed: (annotations: TextMap, split: Split, apex: string) => TextMap;
  readonly weightsOf: (annotations: TextMap, apex: string) => Readonly<Record<string, number>> | undefined;
  /** What another annotation of the user's says in the copy; the same where it is left out. */
  readonly copied?: (key: string, value: string) => string;
  /** Where the paths lead that led to the apex. */
  readonly pathsOf: (path: JsonObject, apex: string) => readonly JsonObject[];
}

export function ingressCopy(split: AnnotatedSplit): RouteShape {
  const fingerprint = (ingress: KubeObject): string =>
    digest({ metadata: countedMetadata(ingress, split.isSplitKey), spec: ingress['spec'] });
  return {
    resource: ingresses,
    nameOf: (spec) => `${spec.ingressRef?.name ?? ''}-canary`,
    render: (wish) => render(wish, split),
    merge: (live, wanted) => ({
      ...live,
      metadata: mergeMetadata(withoutSplit(live.metadata, split), wanted.metadata),
      spec: keepIfSame(live['spec'], wanted['spec'], (one) => one),
    }),
    fingerprint,
    view: (live) => {
      const apex = apexOf(live);
      return {
        ...objectView(live, fingerprint(live)),
        weights: apex === undefined ? undefined : split.weightsOf(live.metadata.annotations ?? {}, apex),
        acceptance: { state: 'unknown', message: '' },
      };
    },
    reweigh: (live, wanted) => {
      const apex = apexOf(live);
      const { annotations = {}, ...metadata } = live.metadata;
      return apex === undefined
        ? live
        : { ...live, metadata: { ...metadata, annotations: split.reweighed(annotations, wanted, apex) } };
    },
  };
}

/** The user's Ingress, which must lead to the apex for a copy of it to make a difference. */
export const ingressSource: RouteSource = {
  resource: ingresses,
  reference: 'ingressRef',
  nameOf: ({ ingressRef }) => ingressRef?.name,
  problems: (spec: CanarySpec, source) => {
    const apex = apexName(spec);
    return backendsIn(source).includes(apex)
      ? []
      : [
          error(['spec', 'ingressRef', 'name'], {
            reason: 'MissingReference',
            value: source.metadata.name,
            message: `has no path that leads to the Service ${apex}`,
            fix: `let a path of it lead to ${apex}, or name another Ingress`,
          }),
        ];
  },
};

function render(wish: RouteWish, split: AnnotatedSplit): KubeObject {
  const { source, spec, apex, namespace, owner } = wish;
  const { labels, annotations } = copiedMetadata(source);
  const { copied: saying = (_key, value) => value } = split;
  const copied = Object.entries(annotations)
    .filter(([key]) => !split.isSplitKey(key))
    .map(([key, value]) => [key, saying(key, value)]);
  const before = entriesWhere(source?.metadata.annotations ?? {}, split.isSplitKey);
  return {
    apiVersion: apiVersionOf(ingresses),
    kind: ingresses.kind,
    metadata: ownMetadata({
      name: `${spec.ingressRef?.name ?? ''}-canary`,
      namespace,
      owner,
      labels,
      annotations: { ...Object.fromEntries(copied), ...split.annotationsOf(wish, before) },
    }),
    spec: copiedSpec(objectOf(source?.['spec']), (path) => split.pathsOf(path, apex)),
  };
}

/** Whoever wrote them: they say nothing but where requests go. */
function withoutSplit({ annotations, ...rest }: ObjectMeta, { isSplitKey }: AnnotatedSplit): ObjectMeta {
  return annotations === undefined
    ? rest
    : { ...rest, annotations: entriesWhere(annotations, (key) => !isSplitKey(key)) };
}

/** A rule without paths, and a path to other Services, are copied as they are. */
function copiedSpec(spec: JsonObject, pathsOf: (path: JsonObject) => readonly JsonObject[]): JsonObject {
  const rules = objectsOf(spec['rules']).map((rule) => {
    const http = objectOf(rule['http']);
    return rule['http'] === undefined
      ? rule
      : { ...rule, http: { ...http, paths: objectsOf(http['paths']).flatMap(pathsOf) } };
  });
  return spec['rules'] === undefined ? spec : { ...spec, rules };
}

export function serviceOf({ backend }: JsonObject): string | undefined {
  return textOf(objectOf(objectOf(backend)['service'])['name']);
}

/** The path, leading to another Service by the same port. */
export function leadingTo(path: JsonObject, name: string): JsonObject {
  const backend = objectOf(path['backend']);
  return { ...path, backend: { ...backend, service: { ...objectOf(backend['service']), name } } };
}

function backendsIn({ spec }: KubeObject): readonly string[] {
  return objectsOf(objectOf(spec)['rules'])
    .flatMap((rule) => objectsOf(objectOf(rule['http'])['paths']))
    .flatMap((path) => serviceOf(path) ?? []);
}

/** Read from the copy itself: a view knows no Canary. */
function apexOf(copy: KubeObject): string | undefined {
  return backendsIn(copy)
    .find((name) => name.endsWith('-canary'))
    ?.replace(/-canary$/, '');
}
