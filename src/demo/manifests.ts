// What the demo's user would have in Git: a Deployment and its Canary. No behaviour. May import model/.
import type { KubeObject } from '../model/kube.ts';

export const appName = 'podinfo';
export const appNamespace = 'demo';
export const appHost = 'podinfo.example.com';
export const primaryName = `${appName}-primary`;

export interface Release {
  readonly version: string;
  /** From 0 to 1; what the pretend app of this version answers with 500. */
  readonly errorRate?: number;
}

/** The part of the Deployment that a release changes. */
export function podTemplate({ version, errorRate = 0 }: Release): Readonly<Record<string, unknown>> {
  return {
    metadata: { labels: { app: appName } },
    spec: {
      containers: [
        {
          name: appName,
          image: `registry.example.com/${appName}:${version}`,
          ports: [{ name: 'http', containerPort: 9898 }],
          env: errorRate === 0 ? [] : [{ name: 'ERROR_RATE', value: String(errorRate) }],
        },
      ],
    },
  };
}

export function deployment(release: Release): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: appName, namespace: appNamespace },
    spec: { replicas: 2, selector: { matchLabels: { app: appName } }, template: podTemplate(release) },
  };
}

export interface Pace {
  /** Between two rounds of the analysis. */
  readonly intervalSeconds: number;
}

export function canary({ intervalSeconds }: Pace): KubeObject {
  // The built-in queries look at a window of a few rounds, so that a share of a few percent has requests in it.
  const interval = `${Math.max(3, 2 * intervalSeconds)}s`;
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: appName, namespace: appNamespace },
    spec: {
      provider: 'gatewayapi:v1',
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: appName },
      progressDeadlineSeconds: 60,
      service: {
        port: 80,
        targetPort: 9898,
        hosts: [appHost],
        gatewayRefs: [{ name: 'public', namespace: appNamespace }],
      },
      analysis: {
        interval: `${intervalSeconds}s`,
        threshold: 2,
        stepWeights: [10, 30, 50],
        metrics: [
          { name: 'request-success-rate', thresholdRange: { min: 99 }, interval },
          // Generous: everything of the demo, load included, shares one process and perhaps a busy machine.
          { name: 'request-duration', thresholdRange: { max: 2000 }, interval },
        ],
      },
    },
  };
}
