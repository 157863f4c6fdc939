import { describe, expect, it } from '@jest/globals';
import type { CanaryStatus } from '../../src/api/status.ts';
import { phased } from '../fixture/phases.ts';
import type { Phased } from '../fixture/phases.ts';

type Verdict = 'InProgress' | 'Failed' | 'Current' | 'Terminating';

/**
 * What kstatus (sigs.k8s.io/cli-utils, package kstatus/status) says of a custom resource, and with it Flux and
 * `kubectl wait`-like tools: deletion, then the generation, then Reconciling and Stalled, then Ready.
 */
function kstatusOf({ generation, deleting, status }: Phased): Verdict {
  const isTrue = (type: string): boolean =>
    status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  if (deleting) {
    return 'Terminating';
  }
  if (status.observedGeneration !== undefined && status.observedGeneration !== generation) {
    return 'InProgress';
  }
  if (isTrue('Reconciling')) {
    return 'InProgress';
  }
  if (isTrue('Stalled')) {
    return 'Failed';
  }
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}

const expected: Readonly<Record<string, Verdict>> = {
  Initializing: 'InProgress',
  Initialized: 'Current',
  Waiting: 'InProgress',
  Progressing: 'InProgress',
  WaitingPromotion: 'InProgress',
  Promoting: 'InProgress',
  Finalising: 'InProgress',
  Succeeded: 'Current',
  Failed: 'Failed',
  Terminating: 'Terminating',
  invalid: 'Failed',
  suspended: 'Current',
  'of another controller': 'Failed',
};

const all = phased();

describe('tools that read conditions by the rules of kstatus', () => {
  it.each(Object.entries(expected))('a Canary that is %s is %s to them', (name, verdict) => {
    const canary = all.get(name);

    expect(canary && kstatusOf(canary)).toBe(verdict);
  });

  it('are told of every phase', () => {
    expect([...all.keys()].toSorted()).toEqual(Object.keys(expected).toSorted());
    expect(
      [...all].filter(([name]) => name in phases).map(([name, { status }]) => [name, status.phase]),
    ).toEqual(Object.keys(phases).map((name) => [name, name]));
  });

  it.each([...all].filter(([name]) => name !== 'Terminating'))(
    'know which generation is meant: %s',
    (_name, { generation, status }) => {
      expect(status.observedGeneration).toBe(generation);
    },
  );

  it.each([...all])('never see two conditions that contradict each other: %s', (_name, { status }) => {
    const { Ready, Reconciling, Stalled } = statusesOf(status);

    expect([Ready, Reconciling, Stalled]).toEqual(
      Ready === 'True'
        ? ['True', undefined, undefined]
        : Ready === 'False'
          ? ['False', undefined, 'True']
          : ['Unknown', 'True', undefined],
    );
  });
});

const phases = Object.fromEntries(
  Object.keys(expected)
    .filter((name) => /^[A-Z]/.test(name))
    .map((name) => [name, true]),
);

function statusesOf({ conditions = [] }: CanaryStatus): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
}
