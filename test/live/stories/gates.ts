// Gates that people open: nothing moves while one is closed, and the phase says which.
import { z } from 'zod';
import { startHooks } from './hooks.ts';
import { storyLabel } from './manifests.ts';
import { expect, ready, type Scene, type Story } from './story.ts';

async function tell(scene: Scene): Promise<void> {
  const hooks = await startHooks(scene);
  const hook = (name: string, type: 'confirm-rollout' | 'confirm-promotion' | 'event' | 'rollback') => ({
    name,
    type,
    url: `${hooks.url}/${name}`,
  });
  for (const path of ['/start', '/finish', '/undo']) hooks.closed.add(path);
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider: 'kubernetes',
    analysis: {
      iterations: 2,
      webhooks: [
        hook('start', 'confirm-rollout'),
        hook('finish', 'confirm-promotion'),
        hook('undo', 'rollback'),
        hook('news', 'event'),
      ],
    },
  });
  await scene.reach('Initialized');
  await scene.release({ version: '2.0' });
  const { status: waiting } = await scene.reach('Waiting');
  expect(
    ready(waiting).message.includes('confirm-rollout'),
    `nobody is told of the gate: ${ready(waiting).message}`,
  );
  await scene.pass(2500);
  expect(scene.status().phase === 'Waiting', 'it went through a closed gate');
  hooks.closed.delete('/start');
  await scene.reach('WaitingPromotion');
  await scene.pass(2500);
  expect(scene.status().phase === 'WaitingPromotion', 'it went through a closed gate');
  hooks.closed.delete('/finish');
  await scene.reach('Succeeded');
  hooks.closed.add('/finish');
  await scene.release({ version: '3.0' });
  await scene.runStarts();
  await scene.reach('WaitingPromotion');
  hooks.closed.delete('/undo');
  await scene.reach('Failed');
  const { runs = [] } = scene.status();
  expect(runs[0]?.reason === 'RollbackRequested', `the run failed for ${runs[0]?.reason}`);
  await scene.eventually('the event hook to hear of it', async () =>
    hooks.calls.some(({ path, body }) => path === '/news' && body.includes('"Failed"')),
  );
}

const commandKind = 'serin.dev/v1alpha1/CanaryCommand';

/** A person says yes where the hook says no, and is told what came of it. */
async function approved(scene: Scene): Promise<void> {
  const { namespace, kube } = scene;
  const hooks = await startHooks(scene);
  hooks.closed.add('/finish');
  await scene.deploy({ version: '1.0' });
  await scene.declare({
    provider: 'kubernetes',
    analysis: {
      iterations: 2,
      webhooks: [{ name: 'finish', type: 'confirm-promotion', url: `${hooks.url}/finish` }],
    },
  });
  await scene.reach('Initialized');
  await scene.release({ version: '2.0' });
  await scene.runStarts();
  await scene.reach('WaitingPromotion');
  const spec = { canary: 'app', verb: 'approve', gate: 'confirm-promotion', reason: 'looks good' };
  await kube.apply([
    {
      apiVersion: 'serin.dev/v1alpha1',
      kind: 'CanaryCommand',
      metadata: { namespace, name: 'yes', labels: { [storyLabel.key]: storyLabel.value } },
      spec,
    },
  ]);
  await scene.reach('Succeeded');
  const command = await scene.eventually('the answer to the command', async () => {
    const found = Command.parse((await kube.get(commandKind, namespace, 'yes')) ?? {});
    return found.status.result === '' ? undefined : found;
  });
  const { result, message } = command.status;
  expect(result === 'Done', `the command is ${result}: ${message}`);
  expect(
    hooks.calls.some(({ path }) => path === '/finish'),
    'the hook was never asked',
  );
  scene.say(`approve: ${result}: ${message}`);
}

const Command = z.object({
  status: z
    .object({ result: z.string().default(''), message: z.string().default('') })
    .default({ result: '', message: '' }),
});

export const gates: readonly Story[] = [
  { name: 'gates', company: 'together', needsWorld: false, tell },
  { name: 'gate-approved-by-command', company: 'together', needsWorld: false, tell: approved },
];
