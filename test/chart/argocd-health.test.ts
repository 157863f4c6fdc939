import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { phased } from '../fixture/phases.ts';
import type { Phased } from '../fixture/phases.ts';

const script = readFileSync(join(import.meta.dirname, '../../charts/serin/docs/argocd-health.lua'), 'utf8');
/** Argo CD runs 5.1; the script uses nothing that has changed since. */
const lua = ['lua5.1', 'lua5.4', 'lua5.3', 'lua'].find((name) => spawnSync(name, ['-v']).status === 0);

/** A Lua literal of JSON. */
function literal(value: unknown): string {
  if (Array.isArray(value)) {
    return `{${value.map(literal).join(', ')}}`;
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields.map(([key, field]) => `[${JSON.stringify(key)}] = ${literal(field)}`).join(', ')}}`;
  }
  return value === null ? 'nil' : JSON.stringify(value);
}

function healthOf(canary: unknown): string {
  const program = `obj = ${literal(canary)}\nlocal hs = (function()\n${script}\nend)()\nio.write(hs.status, "|", hs.message)`;
  const { stdout, stderr, status } = spawnSync(lua ?? 'lua', ['-'], { input: program, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(stderr);
  }
  return stdout;
}

function objectOf({ generation, deleting, suspend, status }: Phased): unknown {
  return {
    metadata: {
      name: 'cart',
      generation,
      ...(deleting ? { deletionTimestamp: '2026-07-01T10:00:00Z' } : {}),
    },
    spec: suspend ? { suspend } : {},
    status,
  };
}

const expected: Readonly<Record<string, string>> = {
  Initializing: 'Progressing',
  Initialized: 'Healthy',
  Waiting: 'Suspended',
  Progressing: 'Progressing',
  WaitingPromotion: 'Suspended',
  Promoting: 'Progressing',
  Finalising: 'Progressing',
  Succeeded: 'Healthy',
  Failed: 'Degraded',
  Terminating: 'Progressing',
  invalid: 'Degraded',
  suspended: 'Suspended',
  'of another controller': 'Degraded',
};

const all = phased();
const withLua = lua === undefined ? describe.skip : describe;

withLua('the health of a Canary in Argo CD (needs a Lua interpreter)', () => {
  it.each(Object.entries(expected))('that is %s is %s', (name, health) => {
    const canary = all.get(name);
    const [status, message = ''] = healthOf(canary && objectOf(canary)).split('|');

    expect(status).toBe(health);
    expect(message).not.toBe('');
  });

  it('of every phase is known', () => {
    expect([...all.keys()].toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  it.each<[string, unknown]>([
    ['that nobody has looked at', { metadata: {}, spec: {} }],
    [
      'whose spec is newer than what was looked at',
      {
        metadata: { generation: 2 },
        status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] },
      },
    ],
    [
      'that only Flagger has written',
      { metadata: {}, status: { phase: 'Succeeded', conditions: [{ type: 'Promoted', status: 'True' }] } },
    ],
  ])('is not told before it is known: one %s', (_title, canary) => {
    expect(healthOf(canary)).toBe('Progressing|waits for the controller');
  });
});
