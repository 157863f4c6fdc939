// Routes of the user's whose weights stand in no list of rules: they are read as if they did, and written back as they were.
import type { KubeObject } from '../model/kube.ts';
import type { RouteShape } from './router.ts';

export interface Reshaping {
  /** With rules in a list; the same for one that has them in a list already, as a rendered one has. */
  readonly toRules: (route: KubeObject) => KubeObject;
  /** As its API has it. `live`: what it was read from. */
  readonly fromRules: (route: KubeObject, live: KubeObject) => KubeObject;
}

export function reshaped(shape: RouteShape, { toRules, fromRules }: Reshaping): RouteShape {
  const { naming, givenBack, leadingToApex } = shape;
  const within = (live: KubeObject, change: (route: KubeObject) => KubeObject): KubeObject =>
    fromRules(change(toRules(live)), live);
  return {
    ...shape,
    merge: (live, wanted) => within(live, (route) => shape.merge(route, toRules(wanted))),
    fingerprint: (route) => shape.fingerprint(toRules(route)),
    view: (live) => shape.view(toRules(live)),
    reweigh: (live, split, apex) => within(live, (route) => shape.reweigh(route, split, apex)),
    ...(naming === undefined
      ? {}
      : {
          naming: (live: KubeObject, other: unknown, apex: string) =>
            within(live, (route) => naming(route, toRules({ ...live, spec: other })['spec'], apex)),
        }),
    ...(givenBack === undefined
      ? {}
      : {
          givenBack: (live: KubeObject, apex: string) => within(live, (route) => givenBack(route, apex)),
        }),
    ...(leadingToApex === undefined
      ? {}
      : {
          leadingToApex: (live: KubeObject, apex: string) =>
            within(live, (route) => leadingToApex(route, apex)),
        }),
  };
}
