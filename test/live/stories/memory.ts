// How much memory the controller takes, as the bundle that an image runs, with one Canary and with a hundred at rest.
import { expect, type Scene, type Story } from './story.ts';

const many = 100;
const settleMs = 20_000;

async function addCanary(scene: Scene, name: string): Promise<void> {
  await scene.deploy({ name, version: '1.0' });
  await scene.declare({ name, target: name, provider: 'kubernetes', analysis: { iterations: 2 } });
  await scene.reach('Initialized', { name, timeoutMs: 180_000 });
}

async function tell(scene: Scene): Promise<void> {
  const { controller } = scene.parts;
  const measured: string[] = [];
  const measure = async (canaries: number) => {
    await scene.pass(settleMs);
    measured.push(`${controller.rssMiB().toFixed(0)} MiB with ${canaries}`);
    scene.say(measured.join(', '));
  };
  await addCanary(scene, 'app');
  await measure(1);
  await Promise.all(Array.from({ length: many - 1 }, (_, index) => addCanary(scene, `app-${index}`)));
  await measure(many);
  // The peak of the set-up is not given back to the system at once: a controller that starts to this shows what rest needs.
  await controller.kill();
  await controller.start();
  await measure(many);
  expect(controller.rssMiB() < 256, 'more memory than the chart allows for');
}

export const memory: Story = {
  name: 'memory',
  company: 'alone',
  needsWorld: true,
  timeoutMs: 400_000,
  tell,
};
