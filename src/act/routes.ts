// Writes the routes of a Canary.
import type { Action } from '../model/decision.ts';
import type { KubeObject } from '../model/kube.ts';
import type { RouteScene } from '../observe/scene.ts';
import type { CompanionShape, RouteShape } from '../traffic/router.ts';
import type { Stage } from './act.ts';
import { apply } from './apply.ts';
import { forEveryRoute } from './every-route.ts';
import { keepingNames, keepingOf } from './give-back.ts';
import { trafficLanding } from './traffic-landing.ts';

export async function writeRoutes(
  stage: Stage,
  action: Extract<Action, { kind: 'writeRoute' }>,
  dryRun: boolean,
): Promise<void> {
  await forEveryRoute(stage, (route) => writeRoute(stage, route, { ...action, dryRun }));
}

/** First what stands beside the route, then the route, which is what moves requests. */
async function writeRoute(
  { cluster, caches, scene }: Stage,
  { router, companions, wish }: RouteScene,
  {
    split,
    keeping,
    dryRun,
  }: Pick<Extract<Action, { kind: 'writeRoute' }>, 'split' | 'keeping'> & { readonly dryRun: boolean },
): Promise<void> {
  const shape = router?.route;
  if (shape === undefined) {
    return;
  }
  const write = async (wanted: KubeObject, part: CompanionShape | RouteShape): Promise<void> => {
    await apply(cluster, {
      resource: part.resource,
      wanted,
      shape: part,
      landing: trafficLanding(caches, part.resource),
      dryRun,
      ...keepingOf(part, scene.view.uid),
    });
  };
  for (const companion of companions) {
    await write(companion.wanted, companion.shape);
  }
  await write(shape.render(wish(split)), keeping === true ? keepingNames(shape, scene.apex) : shape);
}
