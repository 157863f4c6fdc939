// What is the user's comes back when the Canary goes; what is Serin's comes back when somebody deletes it.
import { appName, canaryKind, deploymentKind } from './manifests.ts';
import { deploymentOf, generated } from './objects.ts';
import { expect, type Scene, type Story } from './story.ts';

/** Without a gateway: only the finalizer's work, on any cluster. */
async function deleted(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.declare({
    provider: 'kubernetes',
    // As long as the target is seen to serve before it counts, at most ten seconds. It has just been scaled down, and for a moment
    // its status may still have the pods from before.
    analysis: { interval: '5s', iterations: 2 },
    spec: { revertOnDeletion: true },
  });
  await scene.reach('Initialized');
  expect((await deploymentOf(scene))?.replicas === 0, 'the target is not scaled to zero');
  await scene.deleteCanary();
  await scene.eventually(
    'the Canary to be gone',
    async () => (await scene.kube.get(canaryKind, scene.namespace, appName)) === undefined,
  );
  const target = await deploymentOf(scene);
  expect(target?.available === 2, `the target has ${target?.available} pods, not 2`);
}

/** Without `revertOnDeletion` all that the Canary owns goes with it, and the target is left as it is. */
async function deletedAsIs(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0', replicas: 2 });
  await scene.declare({ provider: 'kubernetes', analysis: { iterations: 2 } });
  await scene.reach('Initialized');
  await scene.deleteCanary();
  await scene.eventually('what was made to go', async () => {
    const left = await generated(scene);
    return left.join() === `Deployment ${appName}`;
  });
  expect((await deploymentOf(scene))?.replicas === 0, 'the target was touched');
}

async function primaryDeleted(scene: Scene): Promise<void> {
  await scene.deploy({ version: '1.0', replicas: 3 });
  await scene.declare({ provider: 'kubernetes', analysis: { iterations: 2 } });
  await scene.reach('Initialized');
  await scene.promote({ version: '2.0' });
  const before = await deploymentOf(scene, 'app-primary');
  expect(before?.replicas === 3, `the primary has ${before?.replicas} pods, not 3`);
  // The target moves on, unanalysed, before the primary is lost: suspended, so that no run begins.
  await scene.patchCanary({ spec: { suspend: true } });
  await scene.until(
    'the suspension to be seen',
    ({ status, object }) => status.observedGeneration === object.metadata.generation,
  );
  await scene.kube.delete({ kind: deploymentKind, namespace: scene.namespace, name: 'app-primary' });
  await scene.release({ version: '3.0' });
  await scene.patchCanary({ spec: { suspend: false } });
  const after = await scene.eventually('the primary to come back', async () => {
    const found = await deploymentOf(scene, 'app-primary');
    return found !== undefined && found.uid !== before.uid && found;
  });
  expect(after.version === '2.0', `the new primary holds ${after.version}, not the promoted 2.0`);
  expect(after.replicas === 3, `the new primary has ${after.replicas} pods, not 3`);
  await scene.reach('Succeeded');
  await scene.eventually(
    '3.0 to be promoted after that',
    async () => (await deploymentOf(scene, 'app-primary'))?.version === '3.0',
  );
}

const story = (name: string, tell: Story['tell']): Story => ({
  name,
  company: 'together',
  needsWorld: false,
  tell,
});

export const ownership: readonly Story[] = [
  story('deleted', deleted),
  story('deleted-without-revert', deletedAsIs),
  story('primary-deleted', primaryDeleted),
];
