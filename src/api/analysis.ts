// `spec.analysis`: the release strategy and its checks.
import { z } from 'zod';
import {
  Duration,
  StrictDuration,
  Text,
  TextMap,
  added,
  atMostOneOf,
  exactlyOneOf,
  object,
  optional,
} from './field.ts';
import { NamespacedRef } from './reference.ts';

const textMatchShape = {
  exact: optional(Text, 'The value itself.'),
  prefix: optional(Text, 'How the value starts.'),
  regex: optional(Text, 'A regular expression in RE2 syntax.'),
};

export const HeaderMatch = object({
  ...textMatchShape,
  suffix: optional(Text, 'How the value ends.'),
}).meta(exactlyOneOf('exact', 'prefix', 'suffix', 'regex'));
export type HeaderMatch = z.infer<typeof HeaderMatch>;

const QueryParamMatch = object(textMatchShape).meta(atMostOneOf('exact', 'prefix', 'regex'));

/** Which users see the canary in an A/B test. Conditions within an entry must all hold; of the entries, one. */
export const AnalysisMatch = object({
  headers: optional(z.record(z.string(), HeaderMatch), 'Headers of the request, by name.'),
  queryParams: optional(z.record(z.string(), QueryParamMatch), 'Query parameters of the request, by name.'),
  sourceLabels: optional(TextMap, 'Istio: labels of the workload that sends the request.'),
});
export type AnalysisMatch = z.infer<typeof AnalysisMatch>;

const ThresholdRange = object({
  min: optional(z.number(), 'Lowest value that passes.'),
  max: optional(z.number(), 'Highest value that passes.'),
});

const Compare = object({
  direction: optional(
    z.enum(['lowerIsBetter', 'higherIsBetter']),
    'Which way is harm; lowerIsBetter if left out.',
  ),
  margin: optional(z.number().min(0), 'Relative difference that is tolerated: 0.1 is ten percent.'),
  confidence: optional(z.number().gt(0.5).lt(1), 'How sure a failure must be: 0.95 if left out.'),
});

export const Metric = object({
  name: Text.describe('request-success-rate and request-duration are built in; any other name is free.'),
  interval: optional(Duration, 'Range of the query; 1m if left out.'),
  threshold: optional(
    z.number(),
    'Deprecated, use thresholdRange. The success rate fails below it, all else above.',
  ),
  thresholdRange: optional(ThresholdRange, 'Inclusive bounds of what passes.'),
  query: optional(Text, 'A Prometheus query. Deprecated, use templateRef.'),
  templateRef: optional(NamespacedRef, 'The MetricTemplate to query.'),
  templateVariables: optional(TextMap, 'Values for the variables of the template.'),
  compare: added(Compare, 'Judge the canary against the primary over the same window.'),
  onNoData: added(
    z.enum(['hold', 'pass', 'fail']),
    'What an answer without a value means: hold the weight, pass, or fail.',
  ),
  minSamples: added(z.int().min(0), 'Requests that a verdict needs; fewer are inconclusive.'),
  dryRun: added(z.boolean(), 'Measure and show, but do not judge.'),
  failureLimit: added(z.int().min(1), 'Failures of this metric that cause a rollback.'),
});
export type Metric = z.infer<typeof Metric>;

export const Alert = object({
  name: Text.describe('Name of the alert.'),
  severity: optional(z.enum(['', 'info', 'warn', 'error']), 'Least severity that is sent; info if left out.'),
  providerRef: NamespacedRef.describe('The AlertProvider to send to.'),
});
export type Alert = z.infer<typeof Alert>;

const webhookTypes = [
  'confirm-rollout',
  'pre-rollout',
  'rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'post-rollout',
  'rollback',
  'event',
] as const;
export type WebhookType = (typeof webhookTypes)[number];

export const Webhook = object({
  name: Text.describe('Name of the webhook.'),
  type: optional(z.enum(['', ...webhookTypes]), 'When it is called; rollout if left out.'),
  url: Text.describe('Address to post to.'),
  timeout: optional(Duration, 'Time-out of one attempt; 10s if left out.'),
  retries: optional(z.number(), 'Further attempts after a failed one.'),
  disableTLS: optional(z.boolean(), 'Do not verify the certificate of the receiver.'),
  muteAlert: optional(z.boolean(), 'Send no alert about this gate.'),
  metadata: optional(TextMap, 'Sent along.'),
});
export type Webhook = z.infer<typeof Webhook>;

export const SessionAffinity = object({
  cookieName: Text.describe('Cookie that keeps a client at the canary.'),
  primaryCookieName: optional(Text, 'Cookie that keeps a client at the primary; none if left out.'),
  maxAge: z.number().default(86_400).describe('Lifetime of the canary cookie in seconds.'),
  domain: optional(Text, 'Domain attribute of the cookies.'),
  path: optional(Text, 'Path attribute of the cookies.'),
  httpOnly: optional(z.boolean(), 'HttpOnly attribute of the cookies.'),
  secure: optional(z.boolean(), 'Secure attribute of the cookies.'),
  partitioned: optional(z.boolean(), 'Partitioned attribute of the cookies.'),
  sameSite: optional(z.enum(['Strict', 'Lax', 'None']), 'SameSite attribute of the cookies.'),
});
export type SessionAffinity = z.infer<typeof SessionAffinity>;

const Pause = object({
  duration: z.exactOptional(StrictDuration.describe('How long; until someone resumes, if left out.')),
});

const Step = object({
  weight: z.exactOptional(z.int().min(0).max(100).describe('Share of the canary in percent.')),
  pause: z.exactOptional(Pause.describe('Wait here.')),
  metrics: z.exactOptional(z.array(Metric).describe('Checks of this step, beside those of the analysis.')),
});

// YAML 1.1, which clusters read, makes booleans of `on` and `off`. What else may stand here says check-analysis.ts.
const TrafficProof = z.union([z.boolean(), z.number(), Text]);

const shapeOf = (strategy: string): { required: string[] } => ({
  required: ['interval', 'threshold', strategy],
});

export const Analysis = object({
  interval: optional(Duration, 'Time between two rounds of checks.'),
  threshold: optional(z.number(), 'Failed rounds that cause a rollback.'),
  iterations: optional(z.number(), 'Rounds of an A/B test or of a blue/green release.'),
  maxWeight: optional(
    z.number(),
    'Share of the canary at which it is promoted, in percent; 100 if left out.',
  ),
  stepWeight: optional(z.number(), 'How much the share grows with each step, in percent.'),
  stepWeights: optional(z.array(z.number()), 'The shares of the steps one by one, ascending, in percent.'),
  stepWeightPromotion: optional(
    z.number(),
    'Share that goes back with each step of a promotion; all if left out.',
  ),
  mirror: optional(z.boolean(), 'Send copies of requests to the canary.'),
  mirrorWeight: optional(z.number(), 'Istio: share of requests to copy, in percent; all if left out.'),
  primaryReadyThreshold: optional(
    z.number(),
    'Pods of the primary that must be available, in percent; 100 if left out.',
  ),
  canaryReadyThreshold: optional(
    z.number(),
    'Pods of the canary that must be available, in percent; 100 if left out.',
  ),
  match: optional(z.array(AnalysisMatch), 'Which users see the canary in an A/B test.'),
  metrics: optional(z.array(Metric), 'What is measured in every round.'),
  alerts: optional(z.array(Alert), 'Where news of this Canary is sent.'),
  webhooks: optional(z.array(Webhook), 'What is called at which point of a run.'),
  sessionAffinity: optional(SessionAffinity, 'Keep clients where they are during a run.'),
  stepWeightRollback: added(
    z.number().min(0).max(100),
    'Share that goes back with each step of a rollback or restart, in percent; all if left out.',
  ),
  inconclusiveLimit: added(z.int().min(1), 'Rounds without a verdict that cause a rollback.'),
  gateTimeout: added(StrictDuration, 'How long a confirming webhook is waited for; without it, for ever.'),
  steps: added(z.array(Step), 'Steps one by one, with pauses and checks of their own.'),
  baseline: added(z.boolean(), 'Run a fresh copy of the primary, as large as the canary, to compare with.'),
  trafficProof: added(
    TrafficProof,
    'By how many percentage points the share of requests that the canary gets may miss its weight, 5 if left out; or off.',
  ),
  probation: added(StrictDuration, 'How long a promoted revision is watched while the old one is kept.'),
  onNewRevision: added(
    z.enum(['restart', 'finish']),
    'What becomes of a run that waits for confirm-promotion when another revision is pushed; restart if left out.',
  ),
  rollbackWindow: added(z.int().min(0), 'How many proven revisions may come back without an analysis.'),
}).meta({ oneOf: [shapeOf('iterations'), shapeOf('stepWeight'), shapeOf('stepWeights')] });
export type Analysis = z.infer<typeof Analysis>;
