// Ways to make a Canary that cannot be used, by one edit each. What is spoilt is mended when the manifest is applied again.
import { objectOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import type { Habit } from './habits.ts';
import { APP, NAMESPACE, PRIMARY } from './targets.ts';
import { applyCanary, canaryOf, patchWorkload, setSpec } from './users.ts';
import type { World } from './world.ts';

const namespace = NAMESPACE;

const checkedBy = (name: string, of = NAMESPACE): Readonly<Record<string, unknown>> => ({
  metrics: [{ name, templateRef: { name, namespace: of }, thresholdRange: { max: 1 }, interval: '1m' }],
});

/** By what is wrong then, a patch of the spec. */
const spoils: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['a step beyond 100', { analysis: { stepWeight: null, stepWeights: [5, 130], iterations: null } }],
  ['steps that descend', { analysis: { stepWeight: null, stepWeights: [50, 20], iterations: null } }],
  ['an interval that is none', { analysis: { interval: 'soon' } }],
  ['a provider that lacks its mesh', { provider: 'appmesh' }],
  ['a provider that lacks its route', { provider: 'apisix' }],
  ['a template that does not exist', { analysis: checkedBy('latency') }],
  ['a template of another namespace', { analysis: checkedBy('latency', 'elsewhere') }],
  ['a match that takes every request', { analysis: { iterations: 2, match: [{ headers: {} }] } }],
  [
    'a cookie where none is possible',
    { provider: 'contour', analysis: { sessionAffinity: { cookieName: 'a' } } },
  ],
  ['a target that does not exist', { targetRef: { name: 'nothing' } }],
  ['a target of an unknown kind', { targetRef: { kind: 'StatefulSet' } }],
  [
    'an autoscaler that does not exist',
    { autoscalerRef: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'nothing' } },
  ],
  ['no Service', { service: null }],
];

export const spoiling: readonly Habit[] = [
  {
    name: 'spoils the Canary',
    weight: 2,
    act: (world) => {
      const [first = ['', {}] as const, ...more] = spoils;
      const [what, spec] = world.chance.pick([first, ...more]);
      setSpec(world, spec);
      return world.canary() === undefined ? undefined : `gives the Canary ${what}`;
    },
  },
  {
    name: 'mends the Canary',
    weight: 3,
    act: (world) => {
      applyCanary(world);
      return 'applies the manifest of the Canary';
    },
  },
  {
    name: 'deletes the configuration',
    act: (world) => {
      if (world.store.find(resources.configMaps, { namespace, name: 'settings' }) === undefined) {
        return undefined;
      }
      world.store.delete(resources.configMaps, { namespace, name: 'settings' });
      return 'deletes the configuration';
    },
  },
  {
    name: 'gives the target labels that select nothing',
    weight: 0.5,
    act: (world) => {
      if (world.workload(APP) === undefined) {
        return undefined;
      }
      const { target } = world;
      const image = `app:good-${world.nextVersion()}`;
      world.store.delete(target.resource, { namespace, name: APP });
      world.store.create(target.resource, unselectable(target.manifest(image, 1)));
      return `makes the target anew with ${image} and labels that nobody selects by`;
    },
  },
  {
    name: 'has a DaemonSet replace its pods by hand',
    act: (world) => {
      const there = world.target.resource === resources.daemonSets && world.workload(APP) !== undefined;
      if (!there) {
        return undefined;
      }
      const type = world.chance.pick(['OnDelete', 'RollingUpdate']);
      patchWorkload(world, APP, { updateStrategy: { type, rollingUpdate: null } });
      return `sets the update strategy ${type}`;
    },
  },
  {
    name: 'makes a primary that selects otherwise',
    weight: 0.5,
    act: (world) => {
      const { target } = world;
      if (world.workload(PRIMARY) === undefined || !['Deployment', 'DaemonSet'].includes(target.name)) {
        return undefined;
      }
      const { metadata, ...object } = unselectable(target.manifest('app:good-1', 1));
      world.store.delete(target.resource, { namespace, name: PRIMARY });
      world.store.create(target.resource, { ...object, metadata: { ...metadata, name: PRIMARY } });
      return 'makes a primary of their own';
    },
  },
  {
    name: 'gives the target to another Canary',
    weight: 0.5,
    act: (world) => {
      if (world.canary() === undefined || findRival(world)) {
        return undefined;
      }
      world.store.delete(resources.canaries, { namespace, name: APP });
      world.store.create(resources.canaries, canaryOf('rival', world.manifest));
      return 'deletes the Canary and makes another one for its target';
    },
  },
];

function unselectable({ metadata, ...object }: KubeObject): KubeObject {
  const labels = { component: APP };
  const spec = objectOf(object['spec']);
  const template = { ...objectOf(spec['template']), metadata: { labels } };
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: { ...spec, selector: { matchLabels: labels }, template },
  };
}

export function findRival(world: World): boolean {
  return world.store.find(resources.canaries, { namespace, name: 'rival' }) !== undefined;
}
