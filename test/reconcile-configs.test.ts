// Configuration through the whole pass: what a run starts with, what it ends with, and what the primary uses.
import { describe, expect, it } from '@jest/globals';
import { objectOf, objectsOf, textOf } from '../src/model/json.ts';
import { resources } from '../src/model/kube.ts';
import type { KubeObject, Resource } from '../src/model/kube.ts';
import type { Answer, Question } from '../src/model/question.ts';
import { acceptRoute, canaryObject, configMap, deploymentObject, lab, roll, secret } from './fixture/lab.ts';
import type { Lab } from './fixture/lab.ts';
import { start } from './fixture/passes.ts';
import type { Run } from './fixture/passes.ts';

const { canaries, configMaps, deployments, secrets } = resources;
const container = { envFrom: [{ configMapRef: { name: 'flags' } }, { secretRef: { name: 'keys' } }] };

class World {
  readonly of: Lab = lab([
    [configMaps, configMap('flags', { color: 'red' })],
    [secrets, secret('keys', { token: 'MQ==' })],
    [canaries, canaryObject()],
    [deployments, deploymentObject({ container })],
  ]);
  readonly reasons: string[] = [];
  readonly #answers: Record<string, Answer> = {};
  readonly #run: Run;
  stepMs = 10_000;
  onAsk: () => void = () => undefined;

  constructor() {
    this.#run = start(this.of, {
      questioning: {
        ask: (_key, _view, questions) => {
          this.onAsk();
          questions.forEach((question: Question) => {
            this.#answers[question.key] = { kind: 'metric', measurement: { kind: 'value', value: 100 } };
          });
        },
        answers: () => this.#answers,
        keep: () => undefined,
      },
      listener: {
        decided: () => undefined,
        intended: (_view, _seen, { reason }) => {
          this.reasons.push(reason);
        },
      },
    });
  }

  get phase(): unknown {
    return this.of.view().status.phase;
  }

  /** Time passes, pods and gateway do their work, and the controller looks again. */
  async step(): Promise<void> {
    roll(this.of);
    acceptRoute(this.of);
    await this.#run.pass();
    this.of.nowMs += this.stepMs;
  }

  async until(phase: string): Promise<void> {
    for (let step = 0; step < 100 && this.phase !== phase; step += 1) {
      await this.step();
    }
    expect(this.phase).toBe(phase);
  }

  async initialised(): Promise<this> {
    await this.until('Initialized');
    await this.step();
    this.reasons.length = 0;
    return this;
  }

  edit(resource: Resource, name: string, body: Record<string, unknown>): void {
    this.of.store.patch(resource, { namespace: 'shop', name }, { kind: 'merge', body });
  }

  rotate(token: string): void {
    this.edit(secrets, 'keys', { data: { token } });
  }

  push(image: string): void {
    const containers = [{ name: 'app', image, ports: [{ containerPort: 8080 }], ...container }];
    this.edit(deployments, 'cart', { spec: { template: { spec: { containers } } } });
  }

  /** The names that the primary's pods refer to: its ConfigMap and its Secret. */
  uses(): { readonly flags: string; readonly keys: string } {
    const template = objectOf(objectOf(this.of.find(deployments, 'cart-primary')?.['spec'])['template']);
    const [first] = objectsOf(objectOf(template['spec'])['containers']);
    const sources = objectsOf(objectOf(first)['envFrom']);
    const nameIn = (key: string): string =>
      textOf(objectOf(sources.find((source) => key in source)?.[key])['name']) ?? '';
    return { flags: nameIn('configMapRef'), keys: nameIn('secretRef') };
  }

  dataOf(resource: Resource, name: string): unknown {
    return this.of.find(resource, name)?.['data'];
  }

  copies(resource: Resource): readonly KubeObject[] {
    return this.of.store
      .list(resource, { namespace: 'shop' })
      .items.filter(({ metadata }) => metadata.name.includes('-primary-'));
  }
}

describe('configuration of a primary', () => {
  it('D17: keeps what it was promoted with, while the canary has the new one; garbage is collected', async () => {
    const world = await new World().initialised();
    const before = world.uses();
    expect(world.dataOf(configMaps, before.flags)).toEqual({ color: 'red' });

    world.edit(configMaps, 'flags', { data: { color: 'blue' } });
    await world.until('Promoting');
    expect(world.dataOf(configMaps, before.flags)).toEqual({ color: 'red' });
    await world.until('Succeeded');
    await world.step();
    const { flags } = world.uses();
    expect(flags).not.toBe(before.flags);
    expect(world.dataOf(configMaps, flags)).toEqual({ color: 'blue' });
    expect(world.copies(configMaps).map(({ metadata }) => metadata.name)).toEqual([flags]);
  });

  it('D16: binary data alone is a new revision, and is copied', async () => {
    const world = await new World().initialised();
    world.edit(configMaps, 'flags', { binaryData: { logo: 'AAEC' } });
    await world.until('Progressing');
    await world.until('Succeeded');
    expect(world.of.find(configMaps, world.uses().flags)).toMatchObject({
      data: { color: 'red' },
      binaryData: { logo: 'AAEC' },
      immutable: true,
    });
  });

  it('that is marked as shared is the original: a rotated Secret reaches the primary at once', async () => {
    const world = await new World().initialised();
    expect(world.uses().keys).not.toBe('keys');
    world.edit(secrets, 'keys', { metadata: { annotations: { 'flagger.app/config-tracking': 'disabled' } } });
    world.push('cart:2');
    await world.until('Succeeded');
    await world.step();
    expect(world.uses().keys).toBe('keys');
    expect(world.copies(secrets)).toEqual([]);

    world.reasons.length = 0;
    world.rotate('Mg==');
    world.of.nowMs += 2 * 3_600_000;
    await world.step();
    expect(world.phase).toBe('Succeeded');
    expect(world.reasons).toEqual([]);
  });

  it('that is shared no more is copied again, and that is a new revision', async () => {
    const world = new World();
    const disabled = { 'flagger.app/config-tracking': 'disabled' };
    world.edit(configMaps, 'flags', { metadata: { annotations: disabled } });
    await world.initialised();
    expect(world.uses().flags).toBe('flags');
    world.edit(configMaps, 'flags', { metadata: { annotations: null } });
    await world.until('Progressing');
    await world.until('Succeeded');
    expect(world.uses().flags).not.toBe('flags');
  });
});

describe('a Secret', () => {
  it('is read afresh where a run starts, which then needs no second start', async () => {
    const world = await new World().initialised();
    world.rotate('Mg==');
    world.push('cart:2');
    await world.until('Succeeded');
    expect(world.reasons).toContain('NewRevision');
    expect(world.reasons).not.toContain('RunRestarted');
    expect(world.dataOf(secrets, world.uses().keys)).toEqual({ token: 'Mg==' });
  });

  it('that changes between the last round and the promotion restarts the run', async () => {
    const world = await new World().initialised();
    world.push('cart:2');
    await world.until('Progressing');
    const before = world.uses();
    // Between the last measurement and what follows from it, within the interval in which the Secret was read.
    world.stepMs = 2_000;
    let rotated = false;
    world.onAsk = () => {
      if (!rotated && world.of.view().status.run?.split.canary === 50) {
        rotated = true;
        world.rotate('Mg==');
      }
    };
    await world.until('Succeeded');
    const restarted = world.reasons.indexOf('RunRestarted');
    expect(restarted).toBeGreaterThan(-1);
    expect(world.reasons.slice(0, restarted)).not.toContain('Promoting');
    expect(world.uses().keys).not.toBe(before.keys);
    expect(world.dataOf(secrets, world.uses().keys)).toEqual({ token: 'Mg==' });
  });

  it('is asked for at most once an hour at rest, and by name alone', async () => {
    const world = await new World().initialised();
    world.of.calls.length = 0;
    for (let minutes = 0; minutes < 240; minutes += 10) {
      world.of.nowMs += 600_000;
      await world.step();
    }
    const reads = world.of.calls.filter((call) => call.includes('secrets'));
    expect(reads.length).toBeGreaterThan(1);
    expect(reads.length).toBeLessThanOrEqual(4);
    expect(new Set(reads)).toEqual(new Set(['get secrets shop/keys']));
  });
});
