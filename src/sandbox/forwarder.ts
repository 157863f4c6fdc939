// Passes one request on to a pod, or refuses it, and counts what came of it under the names that the built-in queries ask
// for. Where it goes is decided elsewhere (gateway.ts).
import { Agent, request as sendRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { changedHeaders } from './answer-headers.ts';
import type { HeaderChange } from './answer-headers.ts';
import type { Endpoint } from './pod.ts';
import type { Backend, RoutedRequest } from './route-table.ts';
import type { Samples } from './samples.ts';

export interface Pod {
  readonly backend: Backend;
  readonly endpoint: Endpoint;
}

export type Destination =
  | (Pod & {
      readonly kind: 'pod';
      /** Each gets the request as well; nobody waits for its answer. */
      readonly copies: readonly Pod[];
      readonly answers: readonly HeaderChange[];
    })
  | { readonly kind: 'refusal'; readonly status: number; readonly backend?: Backend };

/** Upper bounds in seconds: those of Prometheus' client libraries. */
const secondsBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Upper bounds in milliseconds: Envoy's. */
const millisecondsBounds = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];

export class Forwarder {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly destinationOf: (request: RoutedRequest) => Destination;
  private readonly samples: Samples;

  constructor(destinationOf: (request: RoutedRequest) => Destination, samples: Samples) {
    this.destinationOf = destinationOf;
    this.samples = samples;
  }

  stop(): void {
    this.agent.destroy();
  }

  forward(request: IncomingMessage, response: ServerResponse): void {
    const startedAtMs = performance.now();
    const { method = 'GET', url: target = '/', headers } = request;
    const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    const destination = this.destinationOf({ host, method, target, headers });
    const done = (status: number): void => this.count(destination, status, performance.now() - startedAtMs);
    if (destination.kind === 'refusal') {
      request.resume();
      response
        .writeHead(destination.status, { 'content-type': 'text/plain' })
        .end('the gateway knows no ready pod\n');
      done(destination.status);
      return;
    }
    const { host: hostname, port } = destination.endpoint;
    const onward = sendRequest({ host: hostname, port, method, path: target, headers, agent: this.agent });
    onward.on('response', (reply) => {
      const { statusCode = 502 } = reply;
      response.writeHead(statusCode, changedHeaders(reply.headers, destination.answers));
      reply.pipe(response);
      reply.on('end', () => done(statusCode));
    });
    onward.on('error', (error) => {
      if (response.headersSent || response.destroyed) {
        response.destroy();
      } else {
        response
          .writeHead(503, { 'content-type': 'text/plain' })
          .end(`the pod did not answer: ${error.message}\n`);
        done(503);
      }
    });
    response.on('close', () => {
      // The caller has gone before his answer: nobody waits for the pod any more.
      if (!response.writableFinished) {
        onward.destroy();
      }
    });
    for (const copy of destination.copies) {
      this.sendCopy(request, { method, target, copy });
    }
    request.pipe(onward);
  }

  private sendCopy(
    request: IncomingMessage,
    { method, target, copy }: { readonly method: string; readonly target: string; readonly copy: Pod },
  ): void {
    const startedAtMs = performance.now();
    const { host, port } = copy.endpoint;
    const onward = sendRequest({
      host,
      port,
      method,
      path: target,
      headers: request.headers,
      agent: this.agent,
    });
    const done = (status: number): void => this.count(copy, status, performance.now() - startedAtMs);
    onward.on('response', (reply) => {
      reply.resume();
      reply.on('end', () => done(reply.statusCode ?? 502));
    });
    onward.on('error', () => {
      request.unpipe(onward);
      done(503);
    });
    request.pipe(onward);
  }

  private count({ backend, endpoint }: Partial<Pod>, status: number, elapsedMs: number): void {
    if (backend !== undefined) {
      const cluster = { envoy_cluster_name: `${backend.namespace}_${backend.service}_${backend.port}` };
      this.samples.add('envoy_cluster_upstream_rq', { ...cluster, envoy_response_code: String(status) });
      this.samples.observe('envoy_cluster_upstream_rq_time', cluster, elapsedMs, millisecondsBounds);
    }
    if (backend !== undefined && endpoint !== undefined) {
      const labels = {
        kubernetes_namespace: backend.namespace,
        kubernetes_pod_name: endpoint.pod,
        status: String(status),
      };
      this.samples.observe('http_request_duration_seconds', labels, elapsedMs / 1000, secondsBounds);
    }
  }
}
