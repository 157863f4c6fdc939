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

export type RouteAction = Extract<Action, { kind: 'writeRoute' | 'prepareRoute' }>;

export function isRouteAction(action: Action): action is RouteAction {
  return action.kind === 'writeRoute' || action.kind === 'prepareRoute';
}

export async function writeRoutes(stage: Stage, action: RouteAction, dryRun: boolean): Promise<void> {
  await forEveryRoute(stage, (route) =>
    action.kind === 'writeRoute'
      ? writeRoute(stage, route, { ...action, dryRun })
      : prepareRoute(stage, route, dryRun),
  );
}

/** What stands beside the route and pods of the primary wait for: it moves no requests. */
async function prepareRoute(stage: Stage, { companions }: RouteScene, dryRun: boolean): Promise<void> {
  for (const { wanted, shape } of companions) {
    if (shape.beforePods === true) {
      await writePart(stage, { wanted, shape, dryRun });
    }
  }
}

/** First what stands beside the route, then the route, which is what moves requests. */
async function writeRoute(
  stage: Stage,
  { router, companions, wish }: RouteScene,
  {
    split,
    keeping,
    dryRun,
  }: Pick<Extract<Action, { kind: 'writeRoute' }>, 'split' | 'keeping'> & { readonly dryRun: boolean },
): Promise<void> {
  const own = router?.route;
  if (own === undefined) {
    return;
  }
  for (const { wanted, shape } of companions) {
    await writePart(stage, { wanted, shape, dryRun });
  }
  const shape = keeping === true ? keepingNames(own, stage.scene.apex) : own;
  await writePart(stage, { wanted: own.render(wish(split)), shape, dryRun });
}

interface Part {
  readonly wanted: KubeObject;
  readonly shape: CompanionShape | RouteShape;
  readonly dryRun: boolean;
}

async function writePart({ cluster, caches, scene }: Stage, { wanted, shape, dryRun }: Part): Promise<void> {
  await apply(cluster, {
    resource: shape.resource,
    wanted,
    shape,
    landing: trafficLanding(caches, shape.resource),
    dryRun,
    ...keepingOf(shape, scene.view.uid),
  });
}
