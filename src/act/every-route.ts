// A route that cannot be written keeps no other from moving: on the way back above all.
import { Retry, Stalled } from '../model/errors.ts';
import type { RouteScene, Scene } from '../observe/scene.ts';

/** Goes through all of them, whatever becomes of one, and then throws what the first one threw that failed. */
export async function forEveryRoute(
  { scene }: { readonly scene: Scene },
  work: (route: RouteScene) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const route of scene.routes) {
    try {
      await work(route);
    } catch (error) {
      if (!(error instanceof Retry || error instanceof Stalled)) {
        throw error;
      }
      failures.push(error);
    }
  }
  if (failures.length > 0) {
    throw failures[0];
  }
}
