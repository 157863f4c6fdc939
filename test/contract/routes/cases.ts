// Every router that may be in force, with an example of a Canary for which it is.
import { apiVersionOf, type Addition, type PresenceOf, type Resource } from '../../../src/model/kube.ts';
import { resourcesOf, type TrafficRouter } from '../../../src/traffic/router.ts';
import { routerOf, routers } from '../../../src/traffic/routers.ts';
import { isBuiltIn } from '../../../src/observe/caches.ts';
import { routerExamples, variantExamples } from '../router-examples.ts';
import type { RouterExample } from '../router.ts';
import { specOf } from '../../traffic/wish.ts';

export interface RouterCase {
  readonly label: string;
  /** As `spec.provider` says it. */
  readonly provider: string;
  readonly router: TrafficRouter;
  readonly example: RouterExample;
  readonly presenceOf: PresenceOf;
}

interface Reached {
  readonly base: TrafficRouter;
  readonly label: string;
  readonly router: TrafficRouter;
}

function reachedFrom(base: TrafficRouter, label: string, router: TrafficRouter): readonly Reached[] {
  const behind = (router.variants ?? []).flatMap((variant) =>
    reachedFrom(base, `${label}, ${variant.where}`, variant.router),
  );
  return [{ base, label, router }, ...behind];
}

const reached = routers.flatMap((base) => reachedFrom(base, base.provider, base));

const writing = reached
  .filter(({ router }, index) => reached.findIndex((other) => other.router === router) === index)
  .filter(({ router }) => router.route !== undefined);

/** What a cluster serves. */
export interface Served {
  kind(resource: Resource): boolean;
  addition(resource: Resource, addition: Addition): boolean;
}

/** One for each router that may be in force on a cluster that serves this, of versions of its kind perhaps one alone. */
export function casesOn(served: Served): readonly RouterCase[] {
  return writing
    .filter(({ router }) => customKindsOf(router).every((kind) => served.kind(kind)))
    .flatMap((one) => caseOf(one, served) ?? []);
}

const anyCluster = [false, true].map((hasAdditions) => ({
  kind: () => true,
  addition: () => hasAdditions,
}));

/** One for each router that writes a route. */
export const routerCases: readonly RouterCase[] = writing.flatMap(
  (one) => anyCluster.map((served) => caseOf(one, served)).find((found) => found !== undefined) ?? [],
);

/** Routers that no example leads to. */
export const withoutExample: readonly string[] = writing
  .filter(({ router }) => !routerCases.some((found) => found.router === router))
  .map(({ label }) => label);

function caseOf({ base, label, router }: Reached, served: Served): RouterCase | undefined {
  const { provider } = base;
  const presenceOf = presenceFor(router, served);
  const example = examplesFor(base, router).find(({ service, spec, analysis = {} }) => {
    const whole = { ...specOf({ provider, service, analysis }), ...spec };
    return routerOf(whole, provider, presenceOf) === router;
  });
  return example === undefined ? undefined : { label, provider, router, example, presenceOf };
}

function examplesFor(base: TrafficRouter, router: TrafficRouter): readonly RouterExample[] {
  const { variants = [], ...plain } = routerExamples.get(base) ?? { service: {} };
  const own = variantExamples.flatMap(([of, example]) => (of === router ? [example] : []));
  const others = variants.map((variant) => ({
    ...plain,
    ...variant,
    service: { ...plain.service, ...variant.service },
  }));
  return router === base ? [plain] : [...own, ...others, plain];
}

/** Of the kinds of this group that carry a split the router's alone is there, and all other kinds. */
function presenceFor({ route: own }: TrafficRouter, served: Served): PresenceOf {
  const others = writing.flatMap(({ router: { route } }) =>
    route === undefined || route.resource.group !== own?.resource.group ? [] : [route.resource],
  );
  return (asked, addition) => {
    if (addition !== undefined) {
      return served.addition(asked, addition) ? 'served' : 'missing';
    }
    const isOther = others.some((one) => isSame(one, asked));
    return isOther && own !== undefined && !isSame(own.resource, asked) ? 'missing' : 'served';
  };
}

function isSame(one: Resource, other: Resource): boolean {
  return one.group === other.group && one.plural === other.plural && one.version === other.version;
}

/** The kinds that come with definitions. */
export function customKindsOf(router: TrafficRouter): readonly Resource[] {
  return resourcesOf(router).filter((resource) => !isBuiltIn(resource));
}

export function nameOf(resource: Resource): string {
  return `${resource.kind} of ${apiVersionOf(resource)}`;
}
