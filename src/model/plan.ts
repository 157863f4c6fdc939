// What a spec means as a plan: strategy, steps, limits. Read when a run starts, and again between its rounds.
import type { CanarySpec } from '../api/canary.ts';
import {
  apexName,
  gateTimeoutMs,
  intervalMs,
  iterations,
  mirrorPercent,
  probationMs,
  progressDeadlineMs,
  stepWeightPromotion,
  stepWeightRollback,
  stepWeights,
  strategyOf,
  thresholdOf,
  trafficTolerancePercent,
} from '../api/defaults.ts';
import type { Plan } from '../api/status.ts';

export interface PlanSettings {
  /** The effective provider: `spec.provider`, else the controller's. */
  readonly provider: string;
  readonly minimumIntervalMs: number;
  /** Whether the provider can copy requests; where it cannot, the run goes on without (D9). */
  readonly canMirror: boolean;
  /** Whether requests are counted where they are split. */
  readonly countsWhereSplit: boolean;
  /** Something that is no part of the spec keeps clients where they are, so that shares fit no weight. */
  readonly keepsClients: boolean;
}

/** The strategy and the numbers of a run, with the defaults that existing manifests rely on. */
export function planOf(spec: CanarySpec, settings: PlanSettings): Plan {
  const { provider, minimumIntervalMs, canMirror } = settings;
  const { analysis } = spec;
  const strategy = strategyOf(analysis, provider);
  const timeoutMs = gateTimeoutMs(analysis);
  const stepHome = stepWeightRollback(analysis);
  // In an A/B test the canary gets the requests themselves.
  const copied = canMirror && strategy !== 'ab-testing' ? mirrorPercent(analysis) : 0;
  const watchedMs = probationMs(analysis);
  return {
    strategy,
    weights: strategy === 'canary' ? stepWeights(analysis) : [],
    iterations: iterations(analysis, provider),
    stepWeightPromotion: stepWeightPromotion(analysis),
    ...(stepHome > 0 ? { stepWeightRollback: stepHome } : {}),
    ...(copied > 0 ? { mirrorPercent: copied } : {}),
    threshold: thresholdOf(analysis),
    intervalMs: intervalMs(analysis, minimumIntervalMs),
    progressDeadlineMs: progressDeadlineMs(spec),
    skipAnalysis: spec.skipAnalysis ?? false,
    ...(watchedMs > 0 ? { probationMs: watchedMs } : {}),
    ...(timeoutMs === undefined ? {} : { gateTimeoutMs: timeoutMs }),
    ...proofOf(spec, settings),
    provider,
    ...(spec.routes === undefined || spec.routes.length === 0 ? {} : { routes: spec.routes }),
    ...(spec.routeRef === undefined ? {} : { routeRef: spec.routeRef }),
    subject: { ...spec.targetRef, apex: apexName(spec) },
  };
}

/** Who matches, or has a cookie, meets the canary whatever its weight: then only the way back can be proven. */
function proofOf(
  { analysis }: CanarySpec,
  { countsWhereSplit, keepsClients }: PlanSettings,
): Pick<Plan, 'trafficProof'> {
  const tolerancePercent = trafficTolerancePercent(analysis);
  if (!countsWhereSplit || tolerancePercent === undefined) {
    return {};
  }
  const chosen = (analysis.match ?? []).length > 0 || analysis.sessionAffinity !== undefined;
  return { trafficProof: chosen || keepsClients ? {} : { tolerancePercent } };
}
