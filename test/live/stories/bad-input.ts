// What users get wrong: each mistake has its own reason and an event, nothing is written for it, and others go on.
import type { KubeObject } from '../../../src/model/kube.ts';
import { eventsOf, generated } from './objects.ts';
import { expect, ready, type Scene, type Story } from './story.ts';

const blueGreen = { iterations: 2 };

interface Mistake {
  readonly name: string;
  readonly reason: string;
  /** What Ready's message must name. */
  readonly names: string;
  readonly make: (scene: Scene, name: string) => Promise<void>;
}

const mistakes: readonly Mistake[] = [
  {
    name: 'empty-match',
    reason: 'UnsupportedMatch',
    names: 'spec.analysis.match',
    make: async (scene, name) => {
      await scene.deploy({ name, version: '1.0' });
      const analysis = { ...blueGreen, match: [{}] };
      await scene.declare({ name, target: name, provider: 'contour', analysis });
    },
  },
  {
    name: 'no-target',
    reason: 'TargetNotFound',
    names: 'no-target',
    make: (scene, name) => scene.declare({ name, target: name, provider: 'kubernetes', analysis: blueGreen }),
  },
  {
    name: 'second',
    reason: 'TargetInUse',
    names: 'Canary app',
    make: (scene, name) =>
      scene.declare({
        name,
        provider: 'kubernetes',
        analysis: blueGreen,
        service: { name: 'second' },
      }),
  },
  {
    name: 'conflict',
    reason: 'ServiceConflict',
    names: 'Service',
    make: async (scene, name) => {
      await scene.deploy({ name, version: '1.0' });
      await scene.kube.apply([await ownedService(scene, `${name}-primary`)]);
      await scene.declare({ name, target: name, provider: 'kubernetes', analysis: blueGreen });
    },
  },
];

/** A Service that another controller made. */
async function ownedService(scene: Scene, name: string): Promise<KubeObject> {
  const { namespace } = scene;
  const [owner] = await scene.kube.apply([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'other-controller' } },
  ]);
  const ownerReferences = [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'other-controller',
      uid: owner?.metadata.uid ?? '',
      controller: true,
    },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, ownerReferences },
    spec: { selector: { app: 'other' }, ports: [{ name: 'http', port: 80 }] },
  };
}

async function tell(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0' });
  await scene.declare({ provider: 'kubernetes', analysis: blueGreen });
  await scene.reach('Initialized');
  // The older of two Canaries has the target; creation times have whole seconds.
  await scene.pass(1100);
  for (const { name, make } of mistakes) {
    // For `contour` an HTTPProxy of the user's is there too; it is no work of the controller's.
    await make(scene, name);
  }
  const before = new Set(await generated(scene));
  for (const { name, reason, names } of mistakes) {
    const { status } = await scene.until('Ready=False', (moment) => ready(moment.status).status === 'False', {
      name,
    });
    const said = ready(status);
    expect(said.reason === reason, `${name}: the reason is ${said.reason}: ${said.message}`);
    expect(said.message.includes(names), `${name}: the message does not name ${names}: ${said.message}`);
    await scene.eventually(`the event of ${name}`, async () =>
      (await eventsOf(scene, name)).some((event) => event.reason === reason),
    );
    scene.say(`${name}: ${said.reason}: ${said.message}`);
  }
  await scene.promote({ version: '2.0' });
  const written = (await generated(scene)).filter((name) => !before.has(name));
  const wrong = written.filter((name) => mistakes.some((mistake) => name.includes(` ${mistake.name}`)));
  expect(wrong.length === 0, `written for a Canary that is wrong: ${wrong.join(', ')}`);
}

/** The missing target appears, the second Canary gets another target: each is noticed by its event alone. */
async function mended(scene: Scene): Promise<void> {
  await scene.declare({ provider: 'kubernetes', analysis: blueGreen });
  await scene.until('Ready=False', ({ status }) => ready(status).reason === 'TargetNotFound');
  await scene.deploy({ version: '1.0' });
  await scene.reach('Initialized');
  await scene.promote({ version: '2.0' });
}

export const badInput: readonly Story[] = [
  { name: 'bad-input', company: 'together', needsWorld: false, tell },
  { name: 'mended-input', company: 'together', needsWorld: false, tell: mended },
];
