// Checks of what a Canary refers to.
import type { CanarySpec } from './canary.ts';
import type { Checked } from './check.ts';
import { isKnative, namespaceOf } from './defaults.ts';
import { type Path, type Problem, errorAt, warningAt } from './problem.ts';
import { isGatewayApi, routeKindsOf, routeProviders } from './provider.ts';

export function referenceProblems(checked: Checked): Problem[] {
  return [
    ...targetProblems(checked),
    ...routeProblems(checked),
    ...neededProblems(checked),
    ...namespaceProblems(checked),
    ...unsizedProblems(checked),
    ...unusedProblems(checked),
  ];
}

function targetProblems({ canary, provider }: Checked): Problem[] {
  const { spec } = canary;
  const found: Problem[] = [];
  if (spec.targetRef.name === '') {
    found.push(
      errorAt(['spec', 'targetRef', 'name'], { value: '', message: 'is empty', fix: 'name the target' }),
    );
  }
  if (isKnative(spec) && provider !== undefined && provider !== 'knative') {
    found.push(
      errorAt(['spec', 'provider'], {
        value: provider,
        message: `is ${provider}, but the target is a Knative Service`,
        fix: 'set it to knative',
      }),
    );
  }
  if (!isKnative(spec) && provider === 'knative') {
    found.push(
      errorAt(['spec', 'targetRef'], {
        value: spec.targetRef,
        message: 'is no Knative Service, but the provider is knative',
        fix: 'name a Service of serving.knative.dev/v1, or choose another provider',
      }),
    );
  }
  if (isKnative(spec) && spec.autoscalerRef !== undefined) {
    found.push(
      errorAt(['spec', 'autoscalerRef'], {
        value: spec.autoscalerRef,
        message: 'cannot be used with a Knative Service, which scales itself',
        fix: 'remove it',
      }),
    );
  }
  return found;
}

/** A route that belongs to another provider. An ApisixRoute had no meaning but for apisix before there were others. */
function routeProblems({ canary: { spec }, provider }: Checked): Problem[] {
  const { routeRef } = spec;
  if (routeRef === undefined || provider === undefined || routeKindsOf(provider).includes(routeRef.kind)) {
    return [];
  }
  const { kind } = routeRef;
  if (kind === 'ApisixRoute') {
    const message = `is not honoured by ${provider}`;
    return [warningAt(['spec', 'routeRef'], { reason: 'IgnoredField', message, fix: 'remove it' })];
  }
  const known = routeKindsOf(provider);
  const instead = known.length === 0 ? 'remove routeRef' : `name one of kind ${known.join(' or ')}`;
  return [
    errorAt(['spec', 'routeRef', 'kind'], {
      value: kind,
      message: `is ${kind}, and the provider is ${provider}`,
      fix: `set spec.provider to ${routeProviders[kind]}, or ${instead}`,
    }),
  ];
}

interface Need {
  readonly path: Path;
  readonly in: (spec: CanarySpec) => unknown;
  readonly what: string;
}

const ingress: Need = {
  path: ['spec', 'ingressRef'],
  in: ({ ingressRef }) => ingressRef,
  what: 'the Ingress that exposes the apex Service',
};
const route: Need = {
  path: ['spec', 'routeRef'],
  in: ({ routeRef }) => routeRef,
  what: 'the route that exposes the apex Service',
};
const gateway: Need = {
  path: ['spec', 'service', 'gatewayRefs'],
  in: ({ service }) => service?.gatewayRefs?.[0],
  what: 'the Gateway',
};
const mesh: Need = {
  path: ['spec', 'service', 'meshName'],
  in: ({ service }) => service?.meshName,
  what: 'the mesh',
};

const needs: ReadonlyMap<string, Need> = new Map([
  ['alb', ingress],
  ['nginx', ingress],
  ['skipper', ingress],
  ['apisix', route],
  ['openshift', route],
  ['appmesh', mesh],
]);

/** What the provider cannot do without. A route of the user's has its gateways. */
function neededProblems({ canary: { spec }, provider = '' }: Checked): Problem[] {
  const isBorrowed = routeKindsOf(provider).includes(spec.routeRef?.kind ?? '');
  const need = isGatewayApi(provider) && !isBorrowed ? gateway : needs.get(provider);
  const value = need?.in(spec);
  return need === undefined || (value !== undefined && value !== '')
    ? []
    : [
        errorAt(need.path, {
          reason: 'MissingReference',
          message: `is missing, and ${provider} needs it`,
          fix: `name ${need.what}`,
        }),
      ];
}

/** References that may name another namespace, unless the controller forbids it. */
function namespaceProblems({ canary, noCrossNamespaceRefs }: Checked): Problem[] {
  if (!noCrossNamespaceRefs) {
    return [];
  }
  const { upstreamRef, analysis } = canary.spec;
  const references: { path: Path; reference: { readonly namespace?: string } | undefined }[] = [
    { path: ['spec', 'upstreamRef'], reference: upstreamRef },
    ...(analysis.metrics ?? []).map(({ templateRef }, index) => ({
      path: ['spec', 'analysis', 'metrics', index, 'templateRef'],
      reference: templateRef,
    })),
    ...(analysis.alerts ?? []).map(({ providerRef }, index) => ({
      path: ['spec', 'analysis', 'alerts', index, 'providerRef'],
      reference: providerRef,
    })),
  ];
  return references.flatMap(({ path, reference }) => {
    if (reference === undefined || namespaceOf(reference, canary) === canary.metadata.namespace) {
      return [];
    }
    return errorAt([...path, 'namespace'], {
      reason: 'CrossNamespaceReference',
      value: reference.namespace,
      message: `is ${reference.namespace}, and references to other namespaces are forbidden here`,
      fix: `refer to an object in ${canary.metadata.namespace}`,
    });
  });
}

/** What is accepted and does nothing for a target of this kind. */
function unsizedProblems({ canary: { spec }, provider }: Checked): Problem[] {
  const { kind } = spec.targetRef;
  const found: Problem[] = [];
  if (kind !== 'Deployment' && !isKnative(spec) && spec.autoscalerRef !== undefined) {
    found.push(
      warningAt(['spec', 'autoscalerRef'], {
        reason: 'IgnoredField',
        message: `is not honoured: a ${kind} has no replicas that an autoscaler could set`,
        fix: 'remove it',
      }),
    );
  }
  if (kind === 'Service' && provider === 'kubernetes') {
    found.push(
      warningAt(['spec', 'provider'], {
        reason: 'IgnoredField',
        value: provider,
        message: 'is kubernetes, and the target is a Service: everybody gets a new revision at once',
        fix: 'choose a provider that routes requests to the primary Service',
      }),
    );
  }
  return found;
}

function unusedProblems({ canary, provider }: Checked): Problem[] {
  if (canary.spec.upstreamRef === undefined || provider === undefined || provider.startsWith('gloo')) {
    return [];
  }
  return [
    warningAt(['spec', 'upstreamRef'], {
      reason: 'IgnoredField',
      message: `is not honoured by ${provider}`,
      fix: 'remove it',
    }),
  ];
}
