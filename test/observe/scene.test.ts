import { describe, expect, it } from '@jest/globals';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { isForeign } from '../../src/observe/claims.ts';
import { sceneOf } from '../../src/observe/scene.ts';
import { basics, canaryObject, deploymentObject, lab, settings } from '../fixture/lab.ts';

const { canaries, deployments } = resources;

function withContour(own: object, ...routes: readonly object[]): KubeObject {
  return canaryObject({ provider: 'contour', service: { port: 80, ...own }, routes });
}

/** Class and prefix of annotations, for each of its routes. */
function ingressWordsIn(canary: KubeObject): unknown {
  const of = lab([[canaries, canary]]);
  const scene = sceneOf(of.view(), of.caches, {
    ...settings,
    ingressClass: 'usual',
    ingressAnnotationsPrefix: 'usual.example.com',
  });
  return scene?.routes.map(({ wish }) => {
    const { ingressClass, annotationsPrefix } = wish(splitToward(0));
    return [ingressClass, annotationsPrefix];
  });
}

describe('the scene of a Canary', () => {
  it('names everything that belongs to it', () => {
    const scene = lab().scene();

    expect(scene).toMatchObject({
      provider: 'gatewayapi:v1',
      apex: 'cart',
      targetKey: { namespace: 'shop', name: 'cart' },
      primaryKey: { namespace: 'shop', name: 'cart-primary' },
      selector: { key: 'app', value: 'cart' },
      owner: { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'cart', controller: true },
      problems: [],
    });
    expect(scene.routes[0]?.wish(splitToward(30))).toMatchObject({
      namespace: 'shop',
      apex: 'cart',
      split: splitToward(30),
    });
  });

  it('takes the apex from service.name', () => {
    const of = lab([
      [canaries, canaryObject({ service: { port: 80, name: 'front' } })],
      [deployments, deploymentObject()],
    ]);

    expect(of.scene().services?.primary.metadata.name).toBe('front-primary');
  });

  it('takes the provider of the controller where the Canary names none', () => {
    expect(lab([[canaries, canaryObject({ provider: undefined })]]).scene().provider).toBe('kubernetes');
  });

  it('R12: says of ingresses what the Canary says, or one of its routes, and else what the flags say', () => {
    expect(ingressWordsIn(withContour({}))).toEqual([['usual', 'usual.example.com']]);
    const own = { ingressClass: 'own', ingressAnnotationsPrefix: 'own.example.com' };
    expect(ingressWordsIn(withContour(own))).toEqual([['own', 'own.example.com']]);
    const routes = [
      { provider: 'contour', name: 'inside', ingressClass: 'inside' },
      { provider: 'contour', name: 'outside' },
      { provider: 'nginx', ingressAnnotationsPrefix: 'nginx.org' },
    ];
    expect(ingressWordsIn(withContour({ ingressClass: 'own' }, ...routes))).toEqual([
      ['inside', 'usual.example.com'],
      ['own', 'usual.example.com'],
      ['own', 'nginx.org'],
    ]);
  });

  it('knows no Services while it is not known which pods to select', () => {
    const missing = lab([[canaries, canaryObject()]]).scene();
    const unlabelled = lab([
      [canaries, canaryObject()],
      [deployments, deploymentObject({ labels: { other: 'x' } })],
    ]).scene();

    expect(missing).toMatchObject({
      target: undefined,
      selector: undefined,
      services: undefined,
      problems: [],
    });
    expect(unlabelled.services).toBeUndefined();
    expect(unlabelled.problems).toMatchObject([{ reason: 'SelectorNotFound', severity: 'error' }]);
  });

  it('chooses the first of the selector labels that the target has', () => {
    const of = lab([
      [canaries, canaryObject()],
      [deployments, deploymentObject({ labels: { 'app.kubernetes.io/name': 'basket', name: 'bucket' } })],
    ]);

    expect(of.scene().selector).toEqual({ key: 'name', value: 'bucket' });
  });

  it.each([
    [['gatewayapi:v1:udp'], ['UDP']],
    [
      ['gatewayapi:v1:udp', 'gatewayapi:v1:tcp'],
      ['TCP', 'UDP'],
    ],
    [['gatewayapi:v1', 'istio'], ['TCP']],
  ])('has Services for what the routes of %j divide', (providers, protocols) => {
    const routes = providers.map((provider) => ({ provider, gatewayRefs: [{ name: 'public' }] }));
    const of = lab([
      [canaries, canaryObject({ routes })],
      [deployments, deploymentObject()],
    ]);
    const ports = objectsOf(objectOf(of.scene().services?.canary['spec'])['ports']);

    expect(ports.map(({ protocol }) => protocol)).toEqual(protocols);
  });

  it('is none where the spec cannot be read', () => {
    const of = lab([[canaries, canaryObject({ targetRef: { name: 7 } })]]);

    expect(sceneOf(of.view(), of.caches, settings)).toBeUndefined();
  });

  it('has no router for a provider nobody knows', () => {
    const of = lab([[canaries, canaryObject({ provider: undefined })]]);

    expect(
      sceneOf(of.view(), of.caches, { ...settings, meshProvider: 'crossover' })?.routes[0]?.router,
    ).toBeUndefined();
  });

  it('sees objects of its own namespace only', () => {
    const of = lab([[canaries, canaryObject({}, { namespace: 'other' })], ...basics().slice(1)]);
    const view = of.caches.canaries.get('other/cart');

    expect(view === undefined ? undefined : sceneOf(view, of.caches, settings)?.target).toBeUndefined();
  });
});

describe('whose an object is', () => {
  it.each([
    ['nobody', [], false],
    ['this Canary', ['uid-1'], false],
    ['this Canary and another', ['uid-1', 'uid-2'], false],
    ['another', ['uid-2'], true],
  ])('R13: one of %s, whatever its name', (_title, owners, foreign) => {
    expect(isForeign(owners, 'uid-1')).toBe(foreign);
  });
});
