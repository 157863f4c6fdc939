// The program inside a pretend pod: a small HTTP server that behaves as its pod template says. Pods' lives are not known here
// (pods.ts). May import model/ and zod.
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { z } from 'zod';
import type { Address, Listener } from './listener.ts';
import { listenOn } from './listener.ts';

/** How a version of the app behaves, declared by the pod template: the image's tag and the first container's environment. */
export interface Behaviour {
  readonly version: string;
  /** `ERROR_RATE`, from 0 to 1: the share of requests answered with `ERROR_STATUS` (500). Spread evenly, not at random. */
  readonly errorRate: number;
  readonly errorStatus: number;
  /** `LATENCY_MS`: before each answer. */
  readonly latencyMs: number;
  /** `NEVER_READY=true`. */
  readonly neverReady: boolean;
  /** `START_MS`: from creation to ready; the node chooses where it is not set. */
  readonly startMs: number | undefined;
  /** The first container port; zero takes any free one. */
  readonly port: number;
}

const Container = z.looseObject({
  image: z.string().default(''),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().default('') })).default([]),
  ports: z.array(z.looseObject({ containerPort: z.number().int() })).default([]),
});

const Template = z.looseObject({ spec: z.looseObject({ containers: z.array(Container).min(1) }) });

/** Throws a ZodError for a template that no API server would have taken. */
export function behaviourOf(template: unknown): Behaviour {
  const [container] = Template.parse(template).spec.containers;
  const env = new Map(container?.env.map(({ name, value }) => [name, value]));
  const number = (name: string, otherwise: number): number => {
    const value = Number(env.get(name) ?? otherwise);
    return Number.isFinite(value) ? value : otherwise;
  };
  return {
    version: /:([^:/]+)$/.exec(container?.image ?? '')?.[1] ?? 'latest',
    errorRate: number('ERROR_RATE', 0),
    errorStatus: number('ERROR_STATUS', 500),
    latencyMs: number('LATENCY_MS', 0),
    neverReady: env.get('NEVER_READY') === 'true',
    startMs: env.has('START_MS') ? number('START_MS', 0) : undefined,
    port: container?.ports[0]?.containerPort ?? 0,
  };
}

/** Rejects where the address is taken. Answers carry `x-pod` and `x-version`. */
export async function startApp(pod: string, behaviour: Behaviour, address: Address): Promise<Listener> {
  const { version, errorRate, errorStatus, latencyMs } = behaviour;
  const headers = { 'content-type': 'application/json', 'x-pod': pod, 'x-version': version };
  let owedErrors = 0;
  const answer: RequestListener = (request, response) => {
    owedErrors += errorRate;
    // The sum of many small rates is a hair below a whole number.
    const fails = owedErrors > 1 - 1e-9;
    owedErrors -= fails ? 1 : 0;
    request.resume();
    response.writeHead(fails ? errorStatus : 200, headers).end(`${JSON.stringify({ pod, version })}\n`);
  };
  const server = createServer((request, response) => {
    if (latencyMs === 0) {
      answer(request, response);
    } else {
      setTimeout(() => answer(request, response), latencyMs);
    }
  });
  // Idle connections stay: it is the gateway that decides when to leave, so that no request meets a closed one.
  server.keepAliveTimeout = 0;
  return listenOn(server, address);
}
