// What is wrong with the routes of a Canary: each by its router, and all of them together.
import type { CanarySpec } from '../api/canary.ts';
import { inEntry } from '../api/routes.ts';
import type { PresenceOf } from '../model/kube.ts';
import { sameJson } from '../model/hash.ts';
import type { Problem } from '../model/problem.ts';
import { routerProblems } from './capabilities.ts';
import { error } from './problems.ts';
import { objectName, providers, routedSpecs, type RoutedSpec } from './routers.ts';

export function routingProblems(
  spec: CanarySpec,
  defaultProvider: string,
  presenceOf?: PresenceOf,
): readonly Problem[] {
  const routes = routedSpecs(spec, defaultProvider, presenceOf);
  const each = routes.flatMap((route) =>
    (route.router === undefined ? [unknown(route)] : routerProblems(route.router, route.spec)).map(
      (problem) => inEntry(route, spec, problem),
    ),
  );
  const all = [...each, ...(routes.length > 1 ? together(routes) : [])];
  // What several routes have to say of one field is said once.
  return all.filter((one, index) => all.findIndex((other) => sameJson(one, other)) === index);
}

function unknown({ provider }: RoutedSpec): Problem {
  return error(['spec', 'provider'], {
    reason: 'UnknownProvider',
    value: provider,
    message: `is ${provider}, which is not supported`,
    fix: `use one of ${providers.join(', ')}`,
  });
}

function together(routes: readonly RoutedSpec[]): readonly Problem[] {
  return routes.flatMap((route, index) => {
    const { router, path, provider } = route;
    const inTarget = router?.route?.givenBack !== undefined && router.borrows === undefined;
    if (router !== undefined && (router.route === undefined || inTarget)) {
      return [
        error([...path, 'provider'], {
          value: provider,
          message: `is ${provider}, which has no route that could stand beside others`,
          fix: 'remove the entry',
        }),
      ];
    }
    const before = routes.slice(0, index);
    const twin = before.findIndex((other) => isSameObject(other, route));
    return twin === -1
      ? madeOtherwise(before, route)
      : [
          error([...path, 'name'], {
            value: objectName(route),
            message: `makes the same ${router?.route?.resource.kind ?? 'object'} as spec.routes[${twin}]`,
            fix: 'give one of the two another name, or remove one',
          }),
        ];
  });
}

/** What stands beside several routes can be made in one way only. */
function madeOtherwise(
  before: readonly RoutedSpec[],
  { router, path, spec }: RoutedSpec,
): readonly Problem[] {
  return (router?.companions ?? []).flatMap((companion) => {
    const { madeFrom, resource } = companion;
    if (madeFrom === undefined) {
      return [];
    }
    const first = before.findIndex(
      (other) =>
        other.router?.companions?.includes(companion) === true &&
        !sameJson(other.spec[madeFrom], spec[madeFrom]),
    );
    const message = `differs from that of spec.routes[${first}], and both are for the same objects of kind ${resource.kind}`;
    const fix = `let both name the same, or say it once, in spec.${madeFrom}`;
    return first === -1 ? [] : [error([...path, madeFrom], { value: spec[madeFrom]?.name, message, fix })];
  });
}

function isSameObject(one: RoutedSpec, other: RoutedSpec): boolean {
  const [a, b] = [one, other].map(({ router }) => router?.route?.resource);
  return (
    a !== undefined && a.group === b?.group && a.plural === b.plural && objectName(one) === objectName(other)
  );
}
