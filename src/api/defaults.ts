// What a field means when it is absent, or has a value that is taken as another. The controller's defaults: those
// that the API server fills in are in the schemas. Pure; imports the schemas only.
import type {
  Alert,
  Analysis,
  AnalysisMatch,
  Metric,
  SessionAffinity,
  Webhook,
  WebhookType,
} from './analysis.ts';
import type { Canary, CanarySpec } from './canary.ts';
import { parseDurationMs } from './duration.ts';
import type { RouteEntry } from './route-entry.ts';

const DEFAULT_INTERVAL_MS = 60_000;
/** Shorter intervals are taken as this; a setting meant for tests lowers it. */
export const MINIMUM_INTERVAL_MS = 10_000;
const DEFAULT_PROGRESS_DEADLINE_MS = 600_000;
const DEFAULT_WEBHOOK_TIMEOUT_MS = 10_000;
const DEFAULT_TRAFFIC_TOLERANCE_PERCENT = 5;
const DEFAULT_METRIC_INTERVAL = '1m';
const DEFAULT_COOKIE_MAX_AGE_SECONDS = 86_400;
/** Rounds of a blue/green release that does not say how many, where traffic cannot be split. */
const DEFAULT_ITERATIONS = 10;

function percentOf(value: number): number {
  return Math.min(100, Math.max(0, value));
}

/** Base name of the three Services and of the route. A Service as the target is its own apex. */
export function apexName(spec: CanarySpec): string {
  const name = spec.service?.name;
  const named = name !== undefined && name !== '' && spec.targetRef.kind !== 'Service';
  return named ? name : spec.targetRef.name;
}

/** Names of the generated Services. */
export function serviceNames(spec: CanarySpec): { apex: string; primary: string; canary: string } {
  const apex = apexName(spec);
  return { apex, primary: `${apex}-primary`, canary: `${apex}-canary` };
}

/** Name of the workload that serves. */
export function primaryName(spec: CanarySpec): string {
  return `${spec.targetRef.name}-primary`;
}

/** Of the annotations of a Canary the one that says which of Kuma's meshes it is in. */
export const MESH_ANNOTATION = 'kuma.io/mesh';

/** Which of Kuma's meshes a Canary is in, by its annotations. */
export function meshOf(annotations: Readonly<Record<string, string>> = {}): string {
  return annotations[MESH_ANNOTATION] ?? 'default';
}

export function isKnative(spec: CanarySpec): boolean {
  return spec.targetRef.kind === 'Service' && spec.targetRef.apiVersion === 'serving.knative.dev/v1';
}

/** Of several routes, the provider of the one that is measured. */
export function providerOf(spec: CanarySpec, defaultProvider: string): string {
  return measuredEntry(spec)?.provider ?? spec.provider ?? defaultProvider;
}

/** The route whose requests the built-in metrics count; undefined where there is no list. */
export function measuredEntry({ routes = [] }: CanarySpec): RouteEntry | undefined {
  return routes.find(({ metrics }) => metrics === true) ?? routes[0];
}

/** Time between rounds. */
export function intervalMs(analysis: Analysis, minimumMs: number = MINIMUM_INTERVAL_MS): number {
  const written = parseDurationMs(analysis.interval ?? '') ?? DEFAULT_INTERVAL_MS;
  return Math.max(written, minimumMs);
}

/** How long a gate may stay closed; undefined: as long as people want. */
export function gateTimeoutMs({ gateTimeout }: Analysis): number | undefined {
  return gateTimeout === undefined ? undefined : parseDurationMs(gateTimeout);
}

/** Failed rounds that cause a rollback; at least 1. */
export function thresholdOf(analysis: Analysis): number {
  return Math.max(1, Math.trunc(analysis.threshold ?? 0));
}

/** Share of the canary at which promotion starts, in percent. */
export function maxWeight(analysis: Analysis): number {
  const last = analysis.stepWeights?.at(-1);
  const written = last ?? analysis.maxWeight ?? 0;
  return written > 0 ? Math.min(100, written) : 100;
}

/**
 * The shares of the canary in percent, ascending; the last one is where promotion starts. A step that overshoots the
 * maximum is taken whole: step 20 up to 50 gives 20, 40, 60. Empty where no step leads upward.
 */
export function stepWeights(analysis: Analysis): number[] {
  const step = analysis.stepWeight ?? 0;
  if (step > 0) {
    const count = Math.ceil(maxWeight(analysis) / step);
    return Array.from({ length: count }, (_, index) => Math.min(100, step * (index + 1)));
  }
  let highest = 0;
  return (analysis.stepWeights ?? []).flatMap((weight) => {
    const share = Math.min(100, weight);
    if (share <= highest) {
      return [];
    }
    highest = share;
    return [share];
  });
}

/** Percent that goes back to the primary with each step of a promotion; 0 means all at once. */
export function stepWeightPromotion(analysis: Analysis): number {
  return percentOf(analysis.stepWeightPromotion ?? 0);
}

/** Percent that goes back to the primary with each step of a rollback or restart; 0 means all at once. */
export function stepWeightRollback(analysis: Analysis): number {
  return percentOf(analysis.stepWeightRollback ?? 0);
}

/** Percent of the requests that are copied while a run mirrors; 0 where it never does. */
export function mirrorPercent(analysis: Analysis): number {
  const percent = percentOf(analysis.mirrorWeight ?? 0);
  return analysis.mirror === true ? percent || 100 : 0;
}

/** By how many percentage points the canary's share of requests may miss its weight; undefined: nobody looks. */
export function trafficTolerancePercent({ trafficProof }: Analysis): number | undefined {
  if (trafficProof === false || trafficProof === 'off') {
    return undefined;
  }
  return typeof trafficProof === 'number' ? trafficProof : DEFAULT_TRAFFIC_TOLERANCE_PERCENT;
}

/** How long a promoted revision is watched; 0: not at all. */
export function probationMs(analysis: Analysis): number {
  return parseDurationMs(analysis.probation ?? '') ?? 0;
}

/** Name of the workload that keeps the revision before warm. */
export function warmName(spec: CanarySpec): string {
  return `${spec.targetRef.name}-warm`;
}

/**
 * Why pods of the revision before cannot be kept ready during probation; undefined: they can. The primary is given that
 * revision back in place then.
 */
export function whyNotWarm({ targetRef, analysis }: CanarySpec, provider: string): string | undefined {
  if (targetRef.kind !== 'Deployment') {
    return `the target is a ${targetRef.kind}`;
  }
  if (provider === 'kubernetes') {
    return 'provider kubernetes moves no traffic';
  }
  if (strategyOf(analysis, provider) === 'ab-testing') {
    return 'an A/B test moves the matched users only';
  }
  return analysis.sessionAffinity === undefined ? undefined : 'sessionAffinity keeps clients where they are';
}

/** Rounds of an A/B test or a blue/green release; 0 for a weighted canary. */
export function iterations(analysis: Analysis, provider: string): number {
  const written = Math.max(0, Math.trunc(analysis.iterations ?? 0));
  return provider === 'kubernetes' && written < 1 ? DEFAULT_ITERATIONS : written;
}

/** Who sees the canary. Nothing can be matched where nothing routes. */
export function matches(analysis: Analysis, provider: string): readonly AnalysisMatch[] {
  return provider === 'kubernetes' ? [] : (analysis.match ?? []);
}

export type Strategy = 'canary' | 'blue-green' | 'ab-testing';

export function strategyOf(analysis: Analysis, provider: string): Strategy {
  if (iterations(analysis, provider) === 0) {
    return 'canary';
  }
  return matches(analysis, provider).length > 0 ? 'ab-testing' : 'blue-green';
}

/** Percent of the pods that must be available. */
export function readyThresholds(analysis: Analysis): { primaryPercent: number; canaryPercent: number } {
  return {
    primaryPercent: percentOf(analysis.primaryReadyThreshold ?? 100),
    canaryPercent: percentOf(analysis.canaryReadyThreshold ?? 100),
  };
}

/** How long a workload may stay unready. A deadline of no length would end every run, so it counts as absent. */
export function progressDeadlineMs(spec: CanarySpec): number {
  const seconds = spec.progressDeadlineSeconds ?? 0;
  return seconds > 0 ? seconds * 1000 : DEFAULT_PROGRESS_DEADLINE_MS;
}

export function webhookType(webhook: Webhook): WebhookType {
  return webhook.type === undefined || webhook.type === '' ? 'rollout' : webhook.type;
}

export function webhooksOf(analysis: Analysis, type: WebhookType): Webhook[] {
  return (analysis.webhooks ?? []).filter((webhook) => webhookType(webhook) === type);
}

/** Time-out of one attempt. */
export function webhookTimeoutMs(webhook: Webhook): number {
  const written = parseDurationMs(webhook.timeout ?? '') ?? 0;
  return written > 0 ? written : DEFAULT_WEBHOOK_TIMEOUT_MS;
}

/** Attempts after the first. */
export function webhookRetries(webhook: Webhook): number {
  return Math.max(0, Math.trunc(webhook.retries ?? 0));
}

/** Range of a metric's query, as it is written into the query. */
export function metricInterval(metric: Metric): string {
  return metric.interval === undefined || metric.interval === '' ? DEFAULT_METRIC_INTERVAL : metric.interval;
}

export const builtinMetrics = ['request-success-rate', 'request-duration'] as const;
export type BuiltinMetric = (typeof builtinMetrics)[number];

export function isBuiltin(name: string): name is BuiltinMetric {
  return builtinMetrics.some((builtin) => builtin === name);
}

/** Inclusive bounds of what passes; at least one of them, as the deprecated `threshold` counts as 0 where absent. */
export function metricBounds(metric: Metric): { min?: number; max?: number } {
  const { min, max } = metric.thresholdRange ?? {};
  if (metric.thresholdRange !== undefined) {
    return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  }
  const threshold = metric.threshold ?? 0;
  return metric.name === 'request-success-rate' ? { min: threshold } : { max: threshold };
}

/** Least severity that an alert sends. */
export function alertSeverity(alert: Alert): 'info' | 'warn' | 'error' {
  return alert.severity === undefined || alert.severity === '' ? 'info' : alert.severity;
}

export function cookieMaxAgeSeconds(affinity: SessionAffinity): number {
  return affinity.maxAge > 0 ? affinity.maxAge : DEFAULT_COOKIE_MAX_AGE_SECONDS;
}

/** Namespace of what a Canary refers to. */
export function namespaceOf(reference: { readonly namespace?: string }, canary: Canary): string {
  return reference.namespace === undefined || reference.namespace === ''
    ? canary.metadata.namespace
    : reference.namespace;
}
