// Reading a pod's spec and writing its status, as plain functions.
// Not here: running it (kubelet.ts).
// May import zod, src/model/kube.ts and wires.ts.
import { z } from 'zod';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Port } from './wires.ts';

const Reference = z.object({ name: z.string(), optional: z.boolean().default(false) });
const Probe = z.object({
  httpGet: z.object({ path: z.string().default('/'), port: z.union([z.number(), z.string()]) }).optional(),
  initialDelaySeconds: z.number().default(0),
});
const Container = z.object({
  name: z.string(),
  image: z.string(),
  ports: z
    .array(
      z.object({
        containerPort: z.number(),
        name: z.string().optional(),
        protocol: z.string().default('TCP'),
      }),
    )
    .default([]),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z
          .object({ configMapKeyRef: Reference.optional(), secretKeyRef: Reference.optional() })
          .optional(),
      }),
    )
    .default([]),
  envFrom: z
    .array(z.object({ configMapRef: Reference.optional(), secretRef: Reference.optional() }))
    .default([]),
  readinessProbe: Probe.optional(),
});
const Projection = z.object({ configMap: Reference.optional(), secret: Reference.optional() });
const Volume = z.object({
  configMap: Reference.optional(),
  secret: z.object({ secretName: z.string(), optional: z.boolean().default(false) }).optional(),
  projected: z.object({ sources: z.array(Projection).default([]) }).optional(),
});
const Pod = z.object({
  spec: z.object({
    nodeName: z.string().optional(),
    restartPolicy: z.string().default('Always'),
    containers: z.array(Container),
    initContainers: z.array(Container).default([]),
    volumes: z.array(Volume).default([]),
  }),
  status: z.object({ phase: z.string().optional() }).default({}),
});

export type PodSpec = z.infer<typeof Pod>['spec'];

export function readPod(object: KubeObject): z.infer<typeof Pod> {
  return Pod.parse(object);
}

/** HTTP, unless the name of the port or its protocol says otherwise. */
export function portsOf({ containers }: PodSpec): Port[] {
  const byNumber = new Map<string, Port>();
  for (const { containerPort: number, name, protocol } of containers.flatMap(({ ports }) => ports)) {
    const named = name === 'grpc' || name === 'tls' ? name : 'http';
    byNumber.set(`${protocol} ${number}`, { number, wire: protocol === 'UDP' ? 'udp' : named });
  }
  return [...byNumber.values()];
}

/** The URLs whose 2xx or 3xx make the pod ready, and the longest delay before the first try. */
export function probesOf({ containers }: PodSpec, address: string): { urls: string[]; delayMs: number } {
  const urls: string[] = [];
  let delayMs = 0;
  for (const { readinessProbe, ports } of containers) {
    if (readinessProbe?.httpGet === undefined) continue;
    const { path, port } = readinessProbe.httpGet;
    const number = typeof port === 'number' ? port : ports.find(({ name }) => name === port)?.containerPort;
    urls.push(`http://${address}:${number}${path}`);
    delayMs = Math.max(delayMs, readinessProbe.initialDelaySeconds * 1000);
  }
  return { urls, delayMs };
}

export interface NeededConfig {
  readonly kind: 'v1/ConfigMap' | 'v1/Secret';
  readonly name: string;
  /** Environment and volumes fail with different words. */
  readonly as: 'environment' | 'volume';
}

/** ConfigMaps and Secrets without which the containers do not start. */
export function neededConfigs({ containers, volumes }: PodSpec): NeededConfig[] {
  const needed: NeededConfig[] = [];
  const add = (kind: NeededConfig['kind'], as: NeededConfig['as'], reference?: z.infer<typeof Reference>) => {
    if (reference !== undefined && !reference.optional) needed.push({ kind, as, name: reference.name });
  };
  for (const { env, envFrom } of containers) {
    for (const { valueFrom } of env) {
      add('v1/ConfigMap', 'environment', valueFrom?.configMapKeyRef);
      add('v1/Secret', 'environment', valueFrom?.secretKeyRef);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      add('v1/ConfigMap', 'environment', configMapRef);
      add('v1/Secret', 'environment', secretRef);
    }
  }
  for (const { configMap, secret, projected } of volumes) {
    add('v1/ConfigMap', 'volume', configMap);
    add('v1/Secret', 'volume', secret && { name: secret.secretName, optional: secret.optional });
    for (const source of projected?.sources ?? []) {
      add('v1/ConfigMap', 'volume', source.configMap);
      add('v1/Secret', 'volume', source.secret);
    }
  }
  return needed;
}

/** What the containers of a pod are doing; the same for all of them. */
export type Activity =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: string; readonly ready: boolean }
  | { readonly kind: 'done' };

export interface Standing {
  readonly address: string;
  readonly startTime: string;
  readonly restarts: number;
  readonly activity: Activity;
}

/** A strategic merge patch of the status, as a kubelet writes it. `since` remembers when each condition turned. */
export function statusPatch(
  spec: PodSpec,
  standing: Standing,
  since: Map<string, { value: boolean; at: string }>,
  now: string,
): Record<string, unknown> {
  const { address, startTime, activity } = standing;
  const ready = activity.kind === 'running' && activity.ready;
  const condition = (type: string, value: boolean, reason?: string) => {
    const before = since.get(type);
    const turned = before?.value === value ? before : { value, at: now };
    since.set(type, turned);
    return {
      type,
      status: value ? 'True' : 'False',
      lastTransitionTime: turned.at,
      ...(reason === undefined ? {} : { reason }),
    };
  };
  const why = activity.kind === 'done' ? 'PodCompleted' : ready ? undefined : 'ContainersNotReady';
  return {
    phase:
      activity.kind === 'done'
        ? 'Succeeded'
        : activity.kind === 'running' || standing.restarts > 0
          ? 'Running'
          : 'Pending',
    hostIP: '198.18.0.1',
    hostIPs: [{ ip: '198.18.0.1' }],
    podIP: address,
    podIPs: [{ ip: address }],
    startTime,
    conditions: [
      condition('PodReadyToStartContainers', true),
      condition('Initialized', true),
      condition('ContainersReady', ready, why),
      condition('Ready', ready, why),
    ],
    containerStatuses: spec.containers.map((container) => containerStatus(container, standing, now)),
    ...(spec.initContainers.length === 0
      ? {}
      : {
          initContainerStatuses: spec.initContainers.map((container) =>
            containerStatus(container, { ...standing, restarts: 0, activity: { kind: 'done' } }, now),
          ),
        }),
  };
}

function containerStatus(
  container: { name: string; image: string },
  { activity, restarts }: Standing,
  now: string,
) {
  const ended = (exitCode: number) => ({
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    finishedAt: now,
  });
  const state = {
    waiting: () => ({
      waiting:
        activity.kind === 'waiting' ? { reason: activity.reason, message: activity.message ?? '' } : {},
    }),
    running: () => ({ running: activity.kind === 'running' ? { startedAt: activity.startedAt } : {} }),
    done: () => ({ terminated: ended(0) }),
  };
  return {
    name: container.name,
    image: container.image,
    imageID: container.image,
    restartCount: restarts,
    started: activity.kind === 'running',
    ready: activity.kind === 'done' || (activity.kind === 'running' && activity.ready),
    state: state[activity.kind](),
    ...(restarts > 0 ? { lastState: { terminated: ended(1) } } : {}),
  };
}
