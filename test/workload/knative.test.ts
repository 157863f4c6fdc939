import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../src/model/kube.ts';
import { knativeServices } from '../../src/workload/knative.ts';
import { recaptureRevision } from '../../src/workload/recapture.ts';
import { captureRevision } from '../../src/workload/stored-revision.ts';
import type { WorkloadView } from '../../src/workload/kind.ts';
import { owner } from './arbitrary.ts';

interface Parts {
  readonly uid?: string;
  readonly primary?: string;
  readonly created?: string;
  readonly ready?: string;
  readonly failing?: 'ConfigurationsReady' | 'RoutesReady';
  readonly generation?: number;
}

function service(parts: Parts = {}): KubeObject {
  const { uid = 'u', primary, created = 'cart-00002', ready = created, failing, generation = 4 } = parts;
  const conditions = ['ConfigurationsReady', 'RoutesReady'].map((type) => ({
    type,
    status: type === failing ? 'False' : 'True',
    reason: type === failing ? 'Broken' : '',
  }));
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name: 'cart',
      namespace: 'shop',
      uid,
      generation,
      ...(primary === undefined ? {} : { annotations: { 'flagger.app/primary-revision': primary } }),
    },
    spec: {
      template: {
        spec: { containers: [{ image: 'cart:2', envFrom: [{ secretRef: { name: 'db-primary' } }] }] },
      },
    },
    status: {
      observedGeneration: 4,
      latestCreatedRevisionName: created,
      latestReadyRevisionName: ready,
      conditions,
    },
  };
}

const viewOf = (parts?: Parts): WorkloadView => knativeServices.view(service(parts));
const captured = (parts?: Parts): ReturnType<typeof captureRevision> =>
  captureRevision(knativeServices, service(parts), { checksums: undefined, ownerUid: owner.uid });
const wish = {
  name: 'cart',
  namespace: 'shop',
  selector: undefined,
  replicas: undefined,
  owner,
  includeLabelPrefix: [],
};

describe('a revision of a Knative Service', () => {
  it('is the latest that was made, and nothing else of the Service', () => {
    expect(viewOf({ created: 'cart-00003' }).templateHash).not.toBe(viewOf().templateHash);
    expect(viewOf({ generation: 9, primary: 'cart-00001', ready: 'cart-00001' }).templateHash).toBe(
      viewOf().templateHash,
    );
  });

  it('is another one in a Service that was deleted and made anew, though the name is used again', () => {
    expect(viewOf({ uid: 'v' }).templateHash).not.toBe(viewOf().templateHash);
    expect(captured({ uid: 'v' })).toMatchObject({ boundTo: 'v' });
  });

  it('is not there before Knative has made one', () => {
    expect(viewOf({ created: '' }).problems).toMatchObject([{ severity: 'error', reason: 'CanaryNotReady' }]);
    expect(viewOf()).not.toHaveProperty('problems');
  });
});

describe('the primary of a Knative Service', () => {
  it('is the revision that the annotation names, compared with the latest by name', () => {
    expect(viewOf()).not.toHaveProperty('primary');
    expect(viewOf({ primary: 'cart-00002' }).primary?.sourceHash).toBe(viewOf().sourceHash);
    expect(viewOf({ primary: 'cart-00001' }).primary).toMatchObject({ revisionName: 'cart-00001' });
    expect(viewOf({ primary: 'cart-00001' }).primary?.sourceHash).not.toBe(viewOf().sourceHash);
  });

  it('changes with one annotation: the template is never touched', () => {
    const live = service({ primary: 'cart-00001' });
    const wanted = knativeServices.renderPrimary(captured(), wish);
    const merged = knativeServices.primaryShape.merge(live, wanted);

    expect(wanted).not.toHaveProperty('spec');
    expect(merged).toEqual({
      ...live,
      metadata: { ...live.metadata, annotations: { 'flagger.app/primary-revision': 'cart-00002' } },
    });
  });

  it('is read back from the annotation, without a word about the configuration of its template', () => {
    expect(
      recaptureRevision(knativeServices, service({ primary: 'cart-00001' }), 'v1:0123456789abcdef'),
    ).toMatchObject({
      template: { service: 'u', revision: 'cart-00001' },
      configs: {},
      boundTo: 'u',
    });
  });
});

const notYet = (message: string): unknown => ({ kind: 'notYet', message });

describe('the readiness of a Knative revision', () => {
  const ready = { kind: 'ready' };

  it.each<[string, WorkloadView | undefined, unknown]>([
    ['of the latest', viewOf(), ready],
    [
      'of the latest, while an older one is the latest ready',
      viewOf({ ready: 'cart-00001' }),
      notYet('revision cart-00002 is not ready'),
    ],
    [
      'of the latest, which Knative says is broken',
      viewOf({ failing: 'ConfigurationsReady' }),
      notYet('revision cart-00002 is not ready: Broken'),
    ],
    ['of the latest, while the spec is ahead of the status', viewOf({ generation: 9 }), ready],
    ['of an older primary', viewOf({ primary: 'cart-00001', failing: 'ConfigurationsReady' }).primary, ready],
    [
      'of an older primary without a route',
      viewOf({ primary: 'cart-00001', failing: 'RoutesReady' }).primary,
      notYet('revision cart-00001 is not ready: Broken'),
    ],
    [
      'of a primary that is the latest',
      viewOf({ primary: 'cart-00002', ready: 'cart-00001' }).primary,
      notYet('revision cart-00002 is not ready'),
    ],
  ])('%s', (_title, view, expected) => {
    expect(view && knativeServices.readiness(view, 100)).toEqual(expected);
  });

  it('D26: never fails by itself, so that the deadline of the stage decides', () => {
    const broken = viewOf({ failing: 'ConfigurationsReady', ready: '' });

    expect(knativeServices.readiness(broken, 100).kind).toBe('notYet');
    expect(broken.availableReplicas).toBe(0);
  });
});
