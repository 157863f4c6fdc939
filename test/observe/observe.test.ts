import { describe, expect, it } from '@jest/globals';
import { enact } from '../../src/act/act.ts';
import type { Plan } from '../../src/api/status.ts';
import type { Action } from '../../src/model/decision.ts';
import type { Observation } from '../../src/model/observation.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Presence, Resource } from '../../src/model/kube.ts';
import { allPrimary, splitToward } from '../../src/model/split.ts';
import { interestsOf } from '../../src/observe/canary-view.ts';
import { observe } from '../../src/observe/observe.ts';
import type { Moment } from '../../src/observe/observe.ts';
import { sceneOf } from '../../src/observe/scene.ts';
import { upstreams } from '../../src/traffic/gloo/upstreams.ts';
import { revisionFrom } from '../../src/workload/template-hash.ts';
import {
  acceptRoute,
  basics,
  canaryObject,
  daemonSetObject,
  deploymentObject,
  httpRoutes,
  lab,
  roll,
  settings,
} from '../fixture/lab.ts';
import type { Lab } from '../fixture/lab.ts';
import { run } from '../fixture/observation.ts';

const { canaries, deployments, services } = resources;

function look(of: Lab, moment: Partial<Moment> = {}, name = 'cart', under = settings): Observation {
  const view = of.view(name);
  return observe(view, sceneOf(view, of.caches, under), of.caches, {
    settings: under,
    moment: {
      nowMs: of.nowMs,
      chance: 'r1',
      answers: {},
      delivered: [],
      refusal: undefined,
      configs: undefined,
      missingKinds: [],
      ...moment,
    },
  });
}

async function write(of: Lab, ...actions: readonly Action[]): Promise<void> {
  await enact({ cluster: of.cluster, caches: of.caches, scene: of.scene(), checksums: undefined }, actions);
}

function reasonsOf(seen: Observation): readonly string[] {
  return seen.problems.filter(({ severity }) => severity === 'error').map(({ reason }) => reason);
}

const withCanary = (spec: Record<string, unknown>, ...more: (readonly [Resource, KubeObject])[]): Lab =>
  lab([[canaries, canaryObject(spec)], [deployments, deploymentObject()], ...more]);

function patch(of: Lab, resource: Resource, name: string, body: Record<string, unknown>): void {
  of.store.patch(resource, { namespace: 'shop', name }, { kind: 'merge', body });
}

const gateway = { port: 80, gatewayRefs: [{ name: 'public', namespace: 'edge' }] };

function rivals(first: string, second: string): Lab {
  const of = lab([[deployments, deploymentObject()]]);
  of.nowMs = Date.parse(first);
  of.store.create(canaries, canaryObject());
  of.nowMs = Date.parse(second);
  of.store.create(canaries, canaryObject({ service: { ...gateway, name: 'other' } }, { name: 'other' }));
  return of;
}

async function withPrimary(of: Lab = lab()): Promise<{ of: Lab; revision: string }> {
  const revision = revisionFrom(of.scene().target?.templateHash ?? '');
  await write(of, { kind: 'storeRevision', revision }, { kind: 'writePrimary', revision, replicas: 2 });
  return { of, revision };
}

function service(name: string, metadata: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { selector: { app: 'cart' }, ports: [{ port: 80 }] },
  };
}

const owner = (uid: string): Record<string, unknown> => ({
  ownerReferences: [
    { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'cart', uid, controller: true },
  ],
});

describe('an observation', () => {
  it('is plain JSON of a few kilobytes, without pod templates', () => {
    const seen = look(lab());
    const text = JSON.stringify(seen);

    expect(text.length).toBeLessThan(4096);
    expect(text).not.toContain('cart:1');
    expect(seen).toMatchObject({
      name: 'cart',
      namespace: 'shop',
      nowMs: lab().nowMs,
      chance: 'r1',
      generation: 1,
    });
  });

  it('has the plan that the spec means', () => {
    expect(look(lab()).plan).toMatchObject({
      strategy: 'canary',
      weights: [50],
      threshold: 2,
      intervalMs: 10_000,
    });
    expect(look(withCanary({ provider: 'kubernetes' })).plan).toMatchObject({
      strategy: 'blue-green',
      provider: 'kubernetes',
    });
    expect(look(withCanary({ provider: undefined })).plan?.provider).toBe(settings.meshProvider);
  });

  it.each<[string, Record<string, string>, Plan['trafficProof']]>([
    ['', {}, { tolerancePercent: 5 }],
    ['but no share where the Ingress has cookies of its own', { affinity: 'cookie' }, {}],
    [
      'and the share where those spare the canary',
      { affinity: 'cookie', 'affinity-canary-behavior': 'legacy' },
      { tolerancePercent: 5 },
    ],
  ])('proves traffic where the proxy counts it %s', (_title, named, expected) => {
    const annotations = Object.fromEntries(
      Object.entries(named).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
    );
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'front', namespace: 'shop', annotations },
      spec: { rules: [] },
    };
    const of = withCanary(
      {
        provider: 'nginx',
        service: { port: 80 },
        ingressRef: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'front' },
      },
      [resources.ingresses, ingress],
    );

    expect(look(of).plan?.trafficProof).toEqual(expected);
    expect(look(lab()).plan).not.toHaveProperty('trafficProof');
  });

  it('leaves copies out of the plan where a gateway says that it makes none', () => {
    const { gateways, gatewayClasses } = resources;
    const apiVersion = 'gateway.networking.k8s.io/v1';
    const metadata = { name: 'public', namespace: 'edge' };
    const of = withCanary(
      { analysis: { interval: '10s', threshold: 2, stepWeight: 50, mirror: true } },
      [gateways, { apiVersion, kind: 'Gateway', metadata, spec: { gatewayClassName: 'envoy' } }],
      [gatewayClasses, { apiVersion, kind: 'GatewayClass', metadata: { name: 'envoy' } }],
    );
    const served = { presenceOf: (): Presence => 'served' };
    expect(look(of, served).plan?.mirrorPercent).toBe(100);
    const body = { status: { supportedFeatures: [{ name: 'HTTPRoute' }] } };
    of.store.patch(gatewayClasses, { name: 'envoy' }, { kind: 'merge', body }, { subresource: 'status' });
    const seen = look(of, served);
    expect(seen.plan?.mirrorPercent).toBeUndefined();
    expect(seen.problems.map(({ severity, field }) => `${severity} ${field}`)).toEqual([
      'warning spec.analysis.mirror',
    ]);
    expect(look(of).plan?.mirrorPercent).toBe(100);
  });

  it('of a spec that cannot be read says why, and sees nothing else', () => {
    const seen = look(withCanary({ targetRef: { name: 7 } }));

    expect(seen).toMatchObject({ spec: undefined, plan: undefined, target: undefined, primary: undefined });
    expect(reasonsOf(seen)).not.toEqual([]);
  });
});

describe('problems', () => {
  it.each<[string, Lab, Partial<Moment>, string]>([
    ['no service', withCanary({ service: undefined }), {}, 'InvalidSpec'],
    ['a kind that is not installed', lab(), { missingKinds: [httpRoutes] }, 'KindNotInstalled'],
    [
      'a target without a label to select by',
      lab([
        [canaries, canaryObject()],
        [deployments, deploymentObject({ labels: { other: 'cart' } })],
      ]),
      {},
      'SelectorNotFound',
    ],
    [
      'a primary that selects other pods',
      lab([
        [canaries, canaryObject()],
        [deployments, deploymentObject()],
        [deployments, deploymentObject({ name: 'cart-primary', labels: { app: 'other' } })],
      ]),
      {},
      'PrimaryConflict',
    ],
    [
      'a primary that selects by another label',
      lab([
        [canaries, canaryObject()],
        [deployments, deploymentObject()],
        [deployments, deploymentObject({ name: 'cart-primary', labels: { name: 'cart-primary' } })],
      ]),
      {},
      'PrimaryConflict',
    ],
    [
      'a DaemonSet whose pods nobody replaces',
      lab([
        [canaries, canaryObject({ targetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'cart' } })],
        [resources.daemonSets, daemonSetObject({ updateStrategy: { type: 'OnDelete' } })],
      ]),
      {},
      'UnsupportedField',
    ],
    [
      'configuration that is not there',
      lab(),
      {
        configs: {
          checksums: {},
          problems: [
            {
              severity: 'error',
              reason: 'ConfigNotFound',
              field: 'spec.targetRef',
              message: 'uses',
              fix: 'create',
            },
          ],
          dueMs: undefined,
        },
      },
      'ConfigNotFound',
    ],
  ])('name %s', (_title, of, moment, reason) => {
    expect(reasonsOf(look(of, moment))).toContain(reason);
  });

  it('R10: name a provider nobody knows', () => {
    const unheardOf = { ...settings, meshProvider: 'crossover' };

    expect(reasonsOf(look(withCanary({ provider: undefined }), {}, 'cart', unheardOf))).toContain(
      'UnknownProvider',
    );
  });

  it('are none of a Canary as it should be', () => {
    expect(look(lab()).problems).toEqual([]);
    expect(
      look(withCanary({ provider: 'kubernetes' }), { missingKinds: [] }).problems.filter(
        ({ severity }) => severity === 'error',
      ),
    ).toEqual([]);
  });
});

const upstream = { apiVersion: 'gloo.solo.io/v1', kind: 'Upstream', name: 'settings' };
const template = (namespace: string): readonly [Resource, KubeObject] => [
  upstreams.resource,
  { ...upstream, metadata: { name: 'settings', namespace }, spec: { useHttp2: true } },
];
const fromUpstream = (upstreamRef: object, ...more: (readonly [Resource, KubeObject])[]): Lab =>
  withCanary({ provider: 'gloo', upstreamRef, service: { port: 80 } }, ...more);

describe('an object that a route is made from', () => {
  it.each([
    ['next to the Canary', upstream, 'shop'],
    ['in another namespace', { ...upstream, namespace: 'edge' }, 'edge'],
  ])('is found %s, and nowhere else', (_where, reference, namespace) => {
    const found = fromUpstream(reference, template(namespace));
    const lost = fromUpstream(reference, template('elsewhere'));

    expect(reasonsOf(look(found))).toEqual([]);
    expect(JSON.stringify(found.scene().routes[0]?.companions.map(({ wanted }) => wanted['spec']))).toContain(
      '"useHttp2":true',
    );
    expect(look(lost).problems).toMatchObject([
      {
        severity: 'error',
        reason: 'MissingReference',
        field: 'spec.upstreamRef.name',
        message: `names Upstream settings.${namespace}, which does not exist`,
      },
    ]);
  });

  it('concerns the Canary wherever it is', () => {
    expect(interestsOf(fromUpstream({ ...upstream, namespace: 'edge' }).view())).toContain(
      'Route/edge/settings',
    );
    expect(interestsOf(fromUpstream(upstream).view())).toContain('Route/shop/settings');
  });
});

describe('two Canaries on one target', () => {
  it('are told from each other by age: the older one has it', () => {
    const of = rivals('2027-01-01T00:00:00Z', '2027-01-02T00:00:00Z');

    expect(reasonsOf(look(of))).not.toContain('TargetInUse');
    expect(look(of, {}, 'other').problems).toMatchObject([
      { reason: 'TargetInUse', message: 'is the target of Canary cart already' },
    ]);
  });

  it('of one age are told by UID: exactly one has it', () => {
    const of = rivals('2027-01-01T00:00:00Z', '2027-01-01T00:00:00Z');
    const losers = ['cart', 'other'].filter((name) => reasonsOf(look(of, {}, name)).includes('TargetInUse'));

    expect(losers).toHaveLength(1);
  });

  it('in two namespaces have nothing to do with each other', () => {
    const of = lab();
    of.store.create(canaries, canaryObject({}, { namespace: 'other' }));

    expect(reasonsOf(look(of))).toEqual([]);
  });
});

describe('the target', () => {
  it('has a revision by its pod template, and by the configuration it uses', () => {
    const of = lab();
    const plain = look(of).target?.revision;
    expect(plain).toBe(revisionFrom(of.scene().target?.templateHash ?? ''));

    const configs = { checksums: { 'configmap/flags': 'a' }, problems: [], dueMs: undefined };
    expect(look(of, { configs }).target?.revision).not.toBe(plain);
    patch(of, deployments, 'cart', { spec: { replicas: 9 }, metadata: { labels: { team: 'a' } } });
    expect(look(of).target?.revision).toBe(plain);
  });

  it('is ready by its own threshold', () => {
    const of = lab();
    expect(look(of).target).toMatchObject({ replicas: 2, available: 0, readiness: { kind: 'notYet' } });
    roll(of);
    expect(look(of).target).toMatchObject({ replicas: 2, available: 2, readiness: { kind: 'ready' } });
  });

  it('may be missing', () => {
    expect(look(lab([[canaries, canaryObject()]])).target).toBeUndefined();
  });
});

describe('the primary', () => {
  it('that Serin wrote says which revision it holds', async () => {
    const { of, revision } = await withPrimary();
    roll(of);

    expect(look(of)).toMatchObject({
      stored: [revision],
      primary: {
        revision,
        drifted: false,
        asTarget: undefined,
        replicas: 2,
        available: 2,
        readiness: { kind: 'ready' },
      },
    });
  });

  it("that somebody edited has drifted; its size and a restart are nobody's edit", async () => {
    const { of } = await withPrimary();
    patch(of, deployments, 'cart-primary', { spec: { replicas: 5 } });
    const restarted = { 'kubectl.kubernetes.io/restartedAt': '2027-01-01T00:00:00Z' };
    patch(of, deployments, 'cart-primary', { spec: { template: { metadata: { annotations: restarted } } } });
    expect(look(of).primary?.drifted).toBe(false);

    patch(of, deployments, 'cart-primary', { spec: { template: { spec: { serviceAccountName: 'other' } } } });
    expect(look(of).primary?.drifted).toBe(true);
  });

  it('of Flagger that was made from this target is that revision as a target', () => {
    const flaggers = deploymentObject({ name: 'cart-primary', labels: { app: 'cart-primary' } });
    const of = lab([...basics(), [deployments, flaggers]]);

    expect(look(of).primary).toMatchObject({
      revision: undefined,
      drifted: false,
      asTarget: look(of).target?.revision,
    });
  });

  it('of Flagger that was made from another one is not', () => {
    const flaggers = deploymentObject({
      name: 'cart-primary',
      image: 'cart:0',
      labels: { app: 'cart-primary' },
    });
    const seen = look(lab([...basics(), [deployments, flaggers]]));

    expect(seen.primary?.asTarget).toMatch(/^v1:/);
    expect(seen.primary?.asTarget).not.toBe(seen.target?.revision);
  });
});

/** One pod of each is available, as far as their controllers have said. */
async function halfReady(analysis: object): Promise<Observation> {
  const steps = { interval: '10s', threshold: 2, stepWeight: 20 };
  const { of } = await withPrimary(withCanary({ analysis: { ...steps, ...analysis } }));
  roll(of);
  for (const name of ['cart', 'cart-primary']) {
    const key = { namespace: 'shop', name };
    const body = { status: { availableReplicas: 1, readyReplicas: 1 } };
    of.store.patch(deployments, key, { kind: 'merge', body }, { subresource: 'status' });
  }
  return look(of);
}

describe('of two pods one', () => {
  it.each<[string, object, string, string]>([
    ['is too few', {}, 'notYet', 'notYet'],
    ['is enough of the canary by canaryReadyThreshold', { canaryReadyThreshold: 50 }, 'ready', 'notYet'],
    ['is enough of the primary by primaryReadyThreshold', { primaryReadyThreshold: 50 }, 'notYet', 'ready'],
    [
      'is too few for a higher threshold',
      { canaryReadyThreshold: 100, primaryReadyThreshold: 100 },
      'notYet',
      'notYet',
    ],
  ])('%s', async (_title, analysis, target, primary) => {
    expect(await halfReady(analysis)).toMatchObject({
      target: { readiness: { kind: target } },
      primary: { readiness: { kind: primary } },
    });
  });
});

describe('Services', () => {
  it('are missing, then in place, then drifted where somebody edits them', async () => {
    const of = lab();
    expect(look(of).services).toEqual({ apex: 'missing', primary: 'missing', canary: 'missing' });

    await write(
      of,
      ...(['apex', 'primary', 'canary'] as const).map((role): Action => ({ kind: 'writeService', role })),
    );
    expect(look(of).services).toEqual({ apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' });

    patch(of, services, 'cart', { spec: { selector: { app: 'other' } } });
    expect(look(of).services).toEqual({ apex: 'drifted', primary: 'inPlace', canary: 'inPlace' });
  });

  it('do not drift by labels and annotations of others', async () => {
    const of = lab();
    await write(of, { kind: 'writeService', role: 'apex' });
    patch(of, services, 'cart', { metadata: { labels: { team: 'a' }, annotations: { note: 'b' } } });

    expect(look(of).services.apex).toBe('inPlace');
  });

  it('of another Canary are foreign; those of nobody are adopted', () => {
    const of = lab([
      ...basics(),
      [services, service('cart')],
      [services, service('cart-primary', owner('uid-of-somebody-else'))],
    ]);

    expect(look(of).services).toEqual({ apex: 'drifted', primary: 'foreign', canary: 'missing' });
  });
});

describe('the route', () => {
  it('is missing, then in place but pending, then accepted', async () => {
    const of = lab();
    expect(look(of).route).toMatchObject({ state: 'missing', split: undefined });

    await write(of, { kind: 'writeRoute', split: splitToward(30) });
    expect(look(of).route).toMatchObject({ state: 'inPlace', split: splitToward(30), acceptance: 'pending' });

    acceptRoute(of);
    expect(look(of).route).toMatchObject({ state: 'inPlace', acceptance: 'accepted' });
  });

  it('is pending again after each change, until its controller has taken it over', async () => {
    const of = lab();
    await write(of, { kind: 'writeRoute', split: allPrimary });
    acceptRoute(of);
    await write(of, { kind: 'writeRoute', split: splitToward(50) });

    expect(look(of).route).toMatchObject({ split: splitToward(50), acceptance: 'pending' });
  });

  it('D8: drifts by an edit of what is ours, and not by its weights or by what is of others', async () => {
    const of = lab();
    await write(of, { kind: 'writeRoute', split: allPrimary });
    patch(of, httpRoutes, 'cart', { metadata: { labels: { team: 'a' } } });
    expect(look(of).route.state).toBe('inPlace');

    patch(of, httpRoutes, 'cart', { spec: { parentRefs: [{ name: 'other' }] } });
    expect(look(of).route.state).toBe('drifted');
  });

  it('of somebody else is foreign', async () => {
    const of = lab();
    await write(of, { kind: 'writeRoute', split: allPrimary });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Other', name: 'x', uid: 'other', controller: true }];
    patch(of, httpRoutes, 'cart', { metadata: { ownerReferences } });

    expect(look(of).route.state).toBe('foreign');
  });

  it.each<[string, object, (plan: Plan | undefined) => object]>([
    [
      'a cookie that status names',
      { sessionAffinity: { cookieName: 'cart-track' } },
      () => ({ sessionAffinityCookie: 'cart-track=QwErTyUiOp' }),
    ],
    ['copies that status wants', { mirror: true }, (plan) => ({ run: { ...run(), mirror: true, plan } })],
  ])('D8: drifts where it lacks %s, and gets it at the present split', async (_what, more, statusOf) => {
    const of = withCanary({ analysis: { interval: '10s', threshold: 2, stepWeight: 20, ...more } });
    await write(of, { kind: 'writeRoute', split: splitToward(20) });
    expect(look(of).route).toMatchObject({ state: 'inPlace', split: splitToward(20) });

    const body = { status: statusOf(look(of).plan) };
    const key = { namespace: 'shop', name: 'cart' };
    of.store.patch(canaries, key, { kind: 'merge', body }, { subresource: 'status' });
    expect(look(of).route).toMatchObject({ state: 'drifted', split: splitToward(20) });

    await write(of, { kind: 'writeRoute', split: splitToward(20) });
    expect(look(of).route).toMatchObject({ state: 'inPlace', split: splitToward(20) });
  });

  it('is none where the provider has none', () => {
    expect(look(withCanary({ provider: 'kubernetes' })).route.state).toBe('none');
  });
});
