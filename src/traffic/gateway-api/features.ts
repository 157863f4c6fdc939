// Which features a route needs beyond the core of its kind, by the names under which a GatewayClass lists them (Gateway API
// v1.6, GEP-2162). What has no name, such as regular expressions, cannot be asked for.
import { mirrorPercent } from '../../api/defaults.ts';
import type { CanarySpec } from '../../api/canary.ts';
import type { Path } from '../../api/problem.ts';
import type { Service } from '../../api/service.ts';
import type { FeatureUse } from '../router.ts';

const service: Path = ['spec', 'service'];
const analysis: Path = ['spec', 'analysis'];

export function httpFeatures(spec: CanarySpec): readonly FeatureUse[] {
  const of = spec.service;
  return [
    ...matchFeatures(spec),
    ...affinityFeatures(spec),
    ...(of === undefined ? [] : serviceFeatures(of)),
    ...copyFeatures(spec),
  ];
}

function matchFeatures({ service: of, analysis: { match: chosen = [] } }: CanarySpec): FeatureUse[] {
  const all = (of?.match ?? []).map((match, index) => ({ match, path: [...service, 'match', index] }));
  const narrowed = chosen.map((match, index) => ({ match, path: [...analysis, 'match', index] }));
  const refusal = 'UnsupportedMatch' as const;
  return [
    ...[...narrowed, ...all]
      .filter(({ match: { queryParams } }) => says(queryParams))
      .map(({ path }) => ({
        feature: 'HTTPRouteQueryParamMatching',
        field: [...path, 'queryParams'],
        refusal,
      })),
    ...all
      .filter(({ match: { method } }) => says(method))
      .map(({ path }) => ({ feature: 'HTTPRouteMethodMatching', field: [...path, 'method'], refusal })),
  ];
}

/** Cookies are set by changing the headers of answers, if only beside one backend, for which there is no name. */
function affinityFeatures({ analysis: { sessionAffinity } }: CanarySpec): FeatureUse[] {
  return sessionAffinity === undefined
    ? []
    : [
        {
          feature: 'HTTPRouteResponseHeaderModification',
          field: [...analysis, 'sessionAffinity'],
          refusal: 'UnsupportedAffinity',
        },
      ];
}

function serviceFeatures(of: Service): FeatureUse[] {
  const { headers, rewrite, timeout, backendTimeout, corsPolicy, mirror, gatewayRefs = [] } = of;
  const uses: readonly (readonly [feature: string, field: Path, value: unknown])[] = [
    ['HTTPRouteResponseHeaderModification', ['headers', 'response'], headers?.response],
    ['HTTPRouteHostRewrite', ['rewrite', 'authority'], rewrite?.authority],
    ['HTTPRoutePathRewrite', ['rewrite', 'uri'], rewrite?.uri],
    ['HTTPRouteRequestTimeout', ['timeout'], timeout],
    ['HTTPRouteBackendTimeout', ['backendTimeout'], backendTimeout],
    ['HTTPRouteRequestMirror', ['mirror'], mirror],
    ['HTTPRouteRequestMultipleMirrors', ['mirror'], (mirror ?? []).slice(1)],
    ['HTTPRouteCORS', ['corsPolicy'], corsPolicy],
    ...gatewayRefs.map(
      ({ port }, index) => ['HTTPRouteParentRefPort', ['gatewayRefs', index, 'port'], port] as const,
    ),
  ];
  return uses.flatMap(([feature, field, value]) =>
    says(value) ? [{ feature, field: [...service, ...field] }] : [],
  );
}

function copyFeatures(spec: CanarySpec): FeatureUse[] {
  const percent = mirrorPercent(spec.analysis);
  const others = spec.service?.mirror ?? [];
  const field: Path = [...analysis, 'mirror'];
  const needed = [
    'HTTPRouteRequestMirror',
    ...(others.length > 0 ? ['HTTPRouteRequestMultipleMirrors'] : []),
    ...(percent < 100 ? ['HTTPRouteRequestPercentageMirror'] : []),
  ];
  return percent === 0 ? [] : needed.map((feature) => ({ feature, field, copies: true }));
}

function says(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.keys(value).length > 0
    : value !== undefined && value !== '';
}
