// What the functions of a query template answer for one metric of one Canary.
import type { Metric } from '../api/analysis.ts';
import type { CanarySpec } from '../api/canary.ts';
import { apexName, metricInterval, primaryName } from '../api/defaults.ts';
import { measuredSpec } from '../api/routes.ts';
import type { QueryScope } from './go-template.ts';

/** A Canary as far as its queries are concerned. */
export interface MeasuredCanary {
  readonly name: string;
  readonly namespace: string;
  readonly spec: CanarySpec;
  /** Kuma only: the mesh that it is in. */
  readonly mesh?: string;
  /** Knative only: `status.latestCreatedRevisionName` of the Service that is the target. */
  readonly latestRevision?: string;
  /** Knative only: the revision that serves. */
  readonly primaryRevision?: string;
  /** Whose requests are measured; the canary's where nothing is said. */
  readonly subject?: 'canary' | 'primary';
}

/** The interval is `1m` where the metric has none, whatever the kind of query. */
export function scopeOf(
  { name, namespace, spec, mesh, latestRevision, primaryRevision, subject }: MeasuredCanary,
  metric: Metric,
): QueryScope {
  const target = spec.targetRef.name;
  const { ingressRef, routeRef } = measuredSpec(spec);
  const revision = subject === 'primary' ? primaryRevision : latestRevision;
  return {
    name,
    namespace,
    target: subject === 'primary' ? primaryName(spec) : target,
    targetKind: spec.targetRef.kind,
    ...(mesh === undefined ? {} : { mesh }),
    ...(subject === undefined ? {} : { subject }),
    service: apexName(spec),
    ingress: ingressRef?.name ?? target,
    route: revision ?? routeRef?.name ?? target,
    interval: metricInterval(metric),
    variables: metric.templateVariables ?? {},
  };
}
