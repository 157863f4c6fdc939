import { describe, expect, it } from '@jest/globals';
import { FINALIZER, interestsOf, targetKeyOf, viewOfCanary } from '../../src/observe/canary-view.ts';
import { apexName } from '../../src/api/defaults.ts';
import type { Run } from '../../src/api/status.ts';
import { canaryObject } from '../fixture/lab.ts';
import { run } from '../fixture/observation.ts';

describe('what the cache keeps of a Canary', () => {
  it('is what decisions need', () => {
    const view = viewOfCanary({
      ...canaryObject({}, { uid: 'u', resourceVersion: '7', generation: 3, finalizers: [FINALIZER] }),
      status: { phase: 'Succeeded', canaryWeight: 0 },
    });

    expect(view).toMatchObject({
      uid: 'u',
      name: 'cart',
      namespace: 'shop',
      resourceVersion: '7',
      generation: 3,
      deleting: false,
      finalizers: [FINALIZER],
      problems: [],
      status: { phase: 'Succeeded', canaryWeight: 0 },
    });
    expect(view.canary?.spec.targetRef.name).toBe('cart');
  });

  it('says why a spec cannot be read, and still has its status', () => {
    const view = viewOfCanary({
      ...canaryObject({ analysis: { interval: 7 } }),
      status: { phase: 'Progressing' },
    });

    expect(view.canary).toBeUndefined();
    expect(view.problems).not.toEqual([]);
    expect(view.status.phase).toBe('Progressing');
  });

  it('keeps the stored status as it is, for the patch that is computed against it', () => {
    const status = { phase: 'Succeeded', unknown: { field: 1 } };

    expect(viewOfCanary({ ...canaryObject(), status }).storedStatus).toEqual(status);
    expect(viewOfCanary(canaryObject()).storedStatus).toEqual({});
  });

  it('knows one that is being deleted', () => {
    expect(viewOfCanary(canaryObject({}, { deletionTimestamp: '2027-01-01T00:00:00Z' })).deleting).toBe(true);
  });

  it('survives an object without anything', () => {
    expect(viewOfCanary({ apiVersion: 'v1', kind: 'Canary', metadata: { name: 'x' } }).problems).not.toEqual(
      [],
    );
  });
});

function duringA(kind: Run['kind']): { status: unknown } {
  return { status: { run: { ...run(), kind } } };
}

describe('the spec of a Canary', () => {
  const seen = { uid: 'u', generation: 3 };

  it('is not read again while only its status changes', () => {
    const first = viewOfCanary(canaryObject({}, seen));
    const second = viewOfCanary({ ...canaryObject({}, seen), status: { phase: 'Failed' } }, first);

    expect(second.canary).toBe(first.canary);
    expect(second.status.phase).toBe('Failed');
  });

  it.each([
    ['with another generation', { ...seen, generation: 4 }],
    ['of another object', { ...seen, uid: 'w' }],
    ['without a generation', { uid: 'u' }],
  ])('is read again %s', (_title, metadata) => {
    const first = viewOfCanary(canaryObject({}, seen));
    const second = viewOfCanary(canaryObject({ skipAnalysis: true }, metadata), first);

    expect(second.canary?.spec.skipAnalysis).toBe(true);
  });

  const edits = [
    ['provider', { provider: 'osm' }],
    ['target', { targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' } }],
    ['Service', { service: { name: 'other', port: 80 } }],
  ] as const;

  it.each(edits)('keeps to the %s that the run in flight began with', (_what, edit) => {
    const { spec: before } = viewOfCanary(canaryObject()).canary ?? {};
    const { spec: during } = viewOfCanary({ ...canaryObject(edit), ...duringA('rollout') }).canary ?? {};

    expect(during).toMatchObject({ targetRef: before?.targetRef, provider: before?.provider });
    expect(during && apexName(during)).toBe(before && apexName(before));
  });

  it.each(edits)(
    'follows an edit of the %s where no run is in flight, or nothing is live yet',
    (_what, edit) => {
      for (const life of [{}, duringA('initialise')]) {
        expect(viewOfCanary({ ...canaryObject(edit), ...life }).canary?.spec).toMatchObject(edit);
      }
    },
  );
});

describe('what a Canary is interested in', () => {
  it('is everything whose change concerns it', () => {
    const template = { name: 'latency', templateRef: { name: 'latency' }, thresholdRange: { max: 1 } };
    const elsewhere = {
      name: 'errors',
      templateRef: { name: 'errors', namespace: 'metrics' },
      thresholdRange: { max: 1 },
    };
    const view = viewOfCanary(
      canaryObject(
        {
          service: { port: 80, name: 'front' },
          analysis: { interval: '10s', threshold: 1, stepWeight: 10, metrics: [template, elsewhere] },
        },
        { uid: 'u' },
      ),
    );

    expect(interestsOf(view)).toEqual(
      expect.arrayContaining([
        'Deployment/shop/cart',
        'Deployment/shop/cart-primary',
        'Service/shop/front',
        'Service/shop/front-primary',
        'Service/shop/front-canary',
        'Route/shop/front',
        'Owner/u',
        'MetricTemplate/shop/latency',
        'MetricTemplate/metrics/errors',
      ]),
    );
  });

  it('is nothing where its spec cannot be read', () => {
    const view = viewOfCanary(canaryObject({ targetRef: { name: 7 } }));

    expect(interestsOf(view)).toEqual([]);
    expect(targetKeyOf(view)).toBeUndefined();
  });

  it('has a target by kind, namespace and name', () => {
    expect(targetKeyOf(viewOfCanary(canaryObject()))).toBe('Deployment/shop/cart');
  });
});
