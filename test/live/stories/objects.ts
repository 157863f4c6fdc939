// Reading what stories ask the API server for.
// Imports zod and shapes.
import { z } from 'zod';
import { appName, deploymentKind } from './manifests.ts';
import type { Scene } from './story.ts';

const Deployment = z.object({
  spec: z.object({
    replicas: z.number(),
    template: z.object({
      spec: z.object({
        containers: z.tuple([
          z.object({ image: z.string(), env: z.array(z.object({ name: z.string(), value: z.string() })) }),
        ]),
      }),
    }),
  }),
  status: z.object({ availableReplicas: z.number().default(0) }).default({ availableReplicas: 0 }),
});

export interface SeenDeployment {
  readonly uid: string;
  readonly replicas: number;
  readonly available: number;
  readonly version: string;
}

export async function deploymentOf(scene: Scene, name = appName): Promise<SeenDeployment | undefined> {
  const object = await scene.kube.get(deploymentKind, scene.namespace, name);
  if (object === undefined) return undefined;
  const { spec, status } = Deployment.parse(object);
  const [{ env }] = spec.template.spec.containers;
  return {
    uid: object.metadata.uid ?? '',
    replicas: spec.replicas,
    available: status.availableReplicas,
    version: env.find((variable) => variable.name === 'VERSION')?.value ?? '',
  };
}

export interface SeenEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

export async function eventsOf(scene: Scene, name = appName): Promise<SeenEvent[]> {
  return (await scene.events(name)).map(({ type, reason, message }) => ({
    type: String(type),
    reason: String(reason),
    message: String(message),
  }));
}

/** Names of everything in the namespace that a Canary could have been given. */
export async function generated(scene: Scene): Promise<string[]> {
  const kinds = [deploymentKind, 'v1/Service', 'apps/v1/ControllerRevision'];
  const routes =
    scene.kube.world === null
      ? []
      : ['projectcontour.io/v1/HTTPProxy', 'gateway.networking.k8s.io/v1/HTTPRoute'];
  const found: string[] = [];
  for (const kind of [...kinds, ...routes]) {
    for (const { metadata } of await scene.kube.list(kind, scene.namespace))
      found.push(`${kind.split('/').at(-1)} ${metadata.name}`);
  }
  return found;
}
