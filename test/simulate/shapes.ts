// What a seed is about: provider, strategy, and shapes, each of which some seeds have. A new feature adds a line here.
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { apiVersionOf, resources } from '../../src/model/kube.ts';
import { besideShapes } from './beside.ts';
import { autoscalerOf, refTo, resourceOf } from './autoscalers.ts';
import { secretOf } from './configuration.ts';
import type { Chance } from './chance.ts';
import { secondShapes } from './second-route.ts';
import { APP, simulatedTargets } from './targets.ts';
import type { SimulatedTarget } from './targets.ts';
import { configOf } from './users.ts';

/** The manifests of a seed while they are drawn up; shapes change them in the order of the list. */
interface Draft {
  readonly provider: string;
  /** Of the Canary; `analysis` is laid into it at the end. */
  readonly spec: Record<string, unknown>;
  readonly analysis: Record<string, unknown>;
  /** Everything else that is applied before the Canary, in this order. */
  readonly objects: [Resource, KubeObject][];
}

export interface Shape {
  readonly name: string;
  /** How many of the seeds that it suits have it: 0 to 1. */
  readonly share: number;
  readonly suits?: (draft: Draft) => boolean;
  readonly draw: (draft: Draft, chance: Chance) => void;
}

export interface Scenario {
  readonly provider: string;
  readonly target: SimulatedTarget;
  /** Of the Canary. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly objects: readonly (readonly [Resource, KubeObject])[];
  /** The names of what it is made of. */
  readonly shapes: readonly string[];
}

const providers = ['kubernetes', 'gatewayapi:v1', 'contour'] as const;

/** A seed has exactly one of those that suit its provider. */
const strategies: readonly [Strategy, ...Strategy[]] = [
  { name: 'steps of equal size', analysis: { stepWeight: 20, maxWeight: 50 } },
  { name: 'a list of steps', analysis: { stepWeights: [5, 30, 60] } },
  {
    name: 'a stepped promotion',
    analysis: { stepWeight: 50, maxWeight: 100, stepWeightPromotion: 40 },
  },
  { name: 'blue/green', analysis: { iterations: 2 } },
  {
    name: 'an A/B test',
    analysis: { iterations: 2, match: [{ headers: { 'x-cohort': { exact: 'beta' } } }] },
    suits: ({ provider }) => provider !== 'kubernetes' && provider !== 'knative',
  },
];

interface Strategy {
  readonly name: string;
  readonly analysis: Readonly<Record<string, unknown>>;
  readonly suits?: (draft: Draft) => boolean;
}

const hookTypes = [
  'confirm-rollout',
  'pre-rollout',
  'rollout',
  'confirm-traffic-increase',
  'confirm-promotion',
  'post-rollout',
  'rollback',
] as const;

const shapes: readonly Shape[] = [
  ...besideShapes,
  ...secondShapes,
  ...hookTypes.map((type) => ({
    name: `a hook ${type}`,
    share: 0.25,
    draw: ({ analysis }: Draft) => {
      const webhooks = Array.isArray(analysis['webhooks']) ? analysis['webhooks'] : [];
      analysis['webhooks'] = [...webhooks, { name: type, type, url: `http://hooks.example.com/${type}` }];
    },
  })),
  {
    name: 'rollbackWindow',
    share: 0.4,
    draw: ({ analysis }, chance) => {
      analysis['rollbackWindow'] = chance.between(1, 2);
    },
  },
  {
    name: 'probation',
    share: 0.4,
    draw: ({ analysis }, chance) => {
      analysis['probation'] = chance.pick(['20s', '40s']);
    },
  },
  {
    name: 'onNewRevision: finish',
    share: 0.3,
    draw: ({ analysis }) => {
      analysis['onNewRevision'] = 'finish';
      // Without this gate it has no meaning.
      const type = 'confirm-promotion';
      const webhooks = Array.isArray(analysis['webhooks']) ? analysis['webhooks'] : [];
      const gated = webhooks.some((webhook) => objectOf(webhook)['type'] === type);
      const gate = { name: type, type, url: `http://hooks.example.com/${type}` };
      analysis['webhooks'] = gated ? webhooks : [...webhooks, gate];
    },
  },
  {
    name: 'a limit for gates',
    share: 0.5,
    draw: ({ analysis }, chance) => {
      analysis['gateTimeout'] = chance.pick(['20s', '2m']);
    },
  },
  {
    name: 'revertOnDeletion',
    share: 0.5,
    draw: ({ spec }) => {
      spec['revertOnDeletion'] = true;
    },
  },
  {
    name: 'a Secret',
    share: 0.5,
    draw: ({ objects }) => {
      objects.unshift([resources.secrets, secretOf('MQ==')]);
    },
  },
  ...(['HorizontalPodAutoscaler', 'ScaledObject'] as const).map((kind) => ({
    name: `a ${kind}`,
    share: 0.4,
    suits: ({ objects }: Draft) => objects.some(([resource]) => resource === resources.deployments),
    draw: drawAutoscaler(kind),
  })),
  {
    name: 'skipAnalysis',
    share: 0.05,
    draw: ({ spec }) => {
      spec['skipAnalysis'] = true;
    },
  },
];

function drawAutoscaler(kind: 'HorizontalPodAutoscaler' | 'ScaledObject'): Shape['draw'] {
  return ({ spec, objects }, chance) => {
    // Two of them on one target would fight: the one that is drawn last stays.
    const others = objects.filter(([, { kind: other }]) => other !== 'HorizontalPodAutoscaler');
    const min = chance.between(1, 3);
    objects.splice(0, objects.length, ...others, [resourceOf(kind), autoscalerOf(kind, min, min + 2)]);
    spec['autoscalerRef'] = refTo(kind);
  };
}

export function scenarioOf(chance: Chance): Scenario {
  const chosen = chance.pick(providers);
  const target = chance.pick(simulatedTargets);
  const provider = target.provider ?? chosen;
  const draft: Draft = {
    provider,
    spec: {
      provider,
      targetRef: { apiVersion: apiVersionOf(target.resource), kind: target.resource.kind, name: APP },
      progressDeadlineSeconds: 120,
      ...(target.provider === undefined
        ? { service: { port: 80, targetPort: 8080, gatewayRefs: [{ name: 'public', namespace: 'edge' }] } }
        : {}),
    },
    analysis: {
      interval: '10s',
      threshold: chance.between(1, 3),
      metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 }, interval: '1m' }],
    },
    objects: [
      [resources.configMaps, configOf('level-1')],
      [target.resource, target.manifest('app:good-1', chance.between(0, 3))],
    ],
  };
  const [first = strategies[0], ...others] = strategies.filter(({ suits }) => suits?.(draft) ?? true);
  const strategy = chance.pick([first, ...others]);
  Object.assign(draft.analysis, strategy.analysis);
  const drawn = shapes.filter(({ suits, share }) => (suits?.(draft) ?? true) && chance.happens(share));
  for (const { draw } of drawn) {
    draw(draft, chance);
  }
  return {
    provider,
    target,
    spec: { ...draft.spec, analysis: draft.analysis },
    objects: draft.objects,
    shapes: [provider, target.name, strategy.name, ...drawn.map(({ name }) => name)],
  };
}
