import { expect, it } from '@jest/globals';
import { resources, type KubeObject, type Resource } from '../../../src/model/kube.ts';
import type { Lab } from './lab.ts';

const {
  configMaps,
  controllerRevisions,
  deployments,
  events,
  horizontalPodAutoscalers,
  ingresses,
  leases,
  secrets,
  services,
} = resources;

const podTemplate = {
  metadata: { labels: { app: 'x' } },
  spec: {
    serviceAccountName: 'robot',
    containers: [
      {
        name: 'app',
        image: 'registry.example/app:1.0',
        ports: [{ containerPort: 80 }],
        readinessProbe: { httpGet: { port: 80 } },
        env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      },
      { name: 'side', image: 'side' },
    ],
    volumes: [
      { name: 'config', configMap: { name: 'c' } },
      { name: 'secret', secret: { secretName: 's' } },
      { name: 'scratch' },
      { name: 'mixed', projected: { sources: [{ configMap: { name: 'c' } }] } },
    ],
  },
};

const deploymentSpec = { selector: { matchLabels: { app: 'x' } }, template: podTemplate };

const containerDefaults = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  resources: {},
};

const completedDeployment = {
  replicas: 1,
  selector: { matchLabels: { app: 'x' } },
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
  revisionHistoryLimit: 10,
  progressDeadlineSeconds: 600,
  template: {
    metadata: { labels: { app: 'x' } },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      serviceAccountName: 'robot',
      serviceAccount: 'robot',
      containers: [
        {
          ...containerDefaults,
          name: 'app',
          image: 'registry.example/app:1.0',
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          readinessProbe: {
            httpGet: { port: 80, path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name', apiVersion: 'v1' } } }],
        },
        { ...containerDefaults, name: 'side', image: 'side', imagePullPolicy: 'Always' },
      ],
      volumes: [
        { name: 'config', configMap: { name: 'c', defaultMode: 420 } },
        { name: 'secret', secret: { secretName: 's', defaultMode: 420 } },
        { name: 'scratch', emptyDir: {} },
        { name: 'mixed', projected: { sources: [{ configMap: { name: 'c' } }], defaultMode: 420 } },
      ],
    },
  },
};

export function itCompletesBuiltInKinds(lab: Lab): void {
  itCompletesWorkloads(lab);
  itCompletesServices(lab);
  itGuardsRecords(lab);
}

function itCompletesWorkloads(lab: Lab): void {
  it('fills in the defaults of a Deployment', async () => {
    const made = await lab.create(deployments, { spec: { ...deploymentSpec, replicas: 0 } });
    expect(made['spec']).toEqual({ ...completedDeployment, replicas: 0 });
    expect(made.metadata.generation).toBe(1);
    const tried = await lab.cluster.create(deployments, lab.draft(deployments, { spec: deploymentSpec }), {
      dryRun: true,
    });
    expect(tried['spec']).toEqual(completedDeployment);
  });

  it('needs no rolling update of a Deployment that recreates', async () => {
    const spec = { ...deploymentSpec, replicas: 0, strategy: { type: 'Recreate' } };
    expect(await lab.create(deployments, { spec })).toMatchObject({
      spec: { strategy: { type: 'Recreate' } },
    });
  });

  it('takes null for absent', async () => {
    const spec = { ...deploymentSpec, replicas: 0, revisionHistoryLimit: null, paused: null };
    expect((await lab.create(deployments, { spec }))['spec']).toEqual({
      ...completedDeployment,
      replicas: 0,
    });
  });

  it('bumps the generation of a Deployment for its spec and its annotations', async () => {
    const made = await lab.create(deployments, { spec: { ...deploymentSpec, replicas: 0, paused: true } });
    const patch = async (body: Record<string, unknown>): Promise<number | undefined> =>
      (await lab.cluster.patch(deployments, lab.key(made), { kind: 'merge', body })).metadata.generation;
    const first = (await lab.stored(deployments, made)).metadata.generation ?? 0;
    expect(await patch({ metadata: { labels: { a: 'b' } } })).toBe(first);
    expect(await patch({ metadata: { annotations: { a: 'b' } } })).toBe(first + 1);
    expect(await patch({ spec: { minReadySeconds: 1 } })).toBe(first + 2);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no selector', { template: podTemplate }, 'spec.selector'],
    [
      'a selector that misses the template',
      { ...deploymentSpec, selector: { matchLabels: { app: 'y' } } },
      'template',
    ],
    ['no containers', { ...deploymentSpec, template: { metadata: { labels: { app: 'x' } } } }, 'containers'],
    ['negative replicas', { ...deploymentSpec, replicas: -1 }, 'spec.replicas'],
  ])('refuses a Deployment with %s', async (_, spec, path) => {
    const refused = await lab.refusal(lab.create(deployments, { spec }));
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain(path);
  });

  it('refuses to change the selector of a Deployment', async () => {
    const made = await lab.create(deployments, { spec: { ...deploymentSpec, replicas: 0 } });
    const spec = {
      selector: { matchLabels: { more: 'x' } },
      template: { metadata: { labels: { app: 'x', more: 'x' } } },
    };
    const refused = await lab.refusal(
      lab.cluster.patch(deployments, lab.key(made), { kind: 'merge', body: { spec } }),
    );
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain('field is immutable');
  });

  it('fills in the defaults of an autoscaler', async () => {
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' };
    const plain = await lab.create(horizontalPodAutoscalers, { spec: { scaleTargetRef, maxReplicas: 3 } });
    const resource = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } };
    expect(plain['spec']).toEqual({
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource }],
    });
    const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
    const shaped = await lab.create(horizontalPodAutoscalers, {
      spec: { scaleTargetRef, maxReplicas: 3, behavior },
    });
    const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
    expect(shaped).toMatchObject({
      spec: {
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 0,
            selectPolicy: 'Max',
            policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent],
          },
          scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Max', policies: [percent] },
        },
      },
    });
  });
}

function itCompletesServices(lab: Lab): void {
  const service = (spec: Record<string, unknown>): Promise<KubeObject> => lab.create(services, { spec });
  const ports = [{ port: 80 }];

  it('fills in the defaults of a Service, with an address of its own', async () => {
    const made = await service({ ports, selector: { app: 'x' } });
    const [clusterIP] = /^\d+\.\d+\.\d+\.\d+$/.exec(String(Object(made['spec'])['clusterIP'])) ?? ['none'];
    expect(made['spec']).toEqual({
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      selector: { app: 'x' },
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
    expect(made['status']).toEqual({ loadBalancer: {} });
  });

  it('gives an Ingress the status of one that nobody serves', async () => {
    const spec = { defaultBackend: { service: { name: 'x', port: { number: 80 } } } };
    const made = await lab.create(ingresses, { spec });
    expect(made).toMatchObject({ metadata: { generation: 1 }, spec, status: { loadBalancer: {} } });
  });

  it('gives a headless Service no address', async () => {
    expect(await service({ ports, clusterIP: 'None', selector: { app: 'x' } })).toMatchObject({
      spec: { clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
    });
  });

  it('keeps the address of a Service that is replaced without it', async () => {
    const made = await service({ ports });
    const spec = { ports: [{ port: 81 }], selector: { app: 'y' } };
    const written = await lab.cluster.replace(services, { ...made, spec });
    const { clusterIP, clusterIPs } = Object(made['spec']);
    expect(written).toMatchObject({ spec: { clusterIP, clusterIPs, ports: [{ port: 81, targetPort: 81 }] } });
  });

  it('gives up the address of a Service that becomes a mere name', async () => {
    const made = await service({ ports });
    const spec = { type: 'ExternalName', externalName: 'example.org' };
    const patched = await lab.cluster.patch(services, lab.key(made), { kind: 'merge', body: { spec } });
    expect(patched['spec']).not.toHaveProperty('clusterIP');
    expect(patched['spec']).not.toHaveProperty('clusterIPs');
  });

  it.each<[string, Record<string, unknown>]>([
    ['another address', { clusterIP: '10.96.99.99', clusterIPs: ['10.96.99.99'] }],
    ['no address any more', { clusterIP: 'None', clusterIPs: ['None'] }],
  ])('refuses to give a Service %s', async (_, spec) => {
    const made = await service({ ports });
    const patch = { kind: 'merge', body: { spec } } as const;
    const refused = await lab.refusal(lab.cluster.patch(services, lab.key(made), patch));
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain('spec.clusterIP');
  });

  it('refuses a copy of a Service that brings the addresses along', async () => {
    const made = await service({ ports });
    const { clusterIP, clusterIPs } = Object(made['spec']);
    const taken = await lab.refusal(service({ ports, clusterIP, clusterIPs }));
    expect(taken).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(taken?.message).toContain('already allocated');
    const half = await lab.refusal(service({ ports, clusterIPs }));
    expect(half).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(half?.message).toContain('must be empty when');
  });

  it.each<[string, Record<string, unknown>]>([
    ['no ports', {}],
    ['two ports without names', { ports: [{ port: 80 }, { port: 81 }] }],
    [
      'one name twice',
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
    ],
    [
      'one port twice',
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
    ],
    ['port 0', { ports: [{ port: 0 }] }],
  ])('refuses a Service with %s', async (_, spec) => {
    expect(await lab.refusal(service(spec))).toMatchObject({ status: 422, reason: 'Invalid' });
  });

  it('refuses a Service name that is no label', async () => {
    const named = lab.create(services, { spec: { ports } }, { name: 'a.b' });
    expect(await lab.refusal(named)).toMatchObject({ status: 422, reason: 'Invalid' });
  });

  it('keeps no generation of a Service', async () => {
    expect((await service({ ports })).metadata.generation).toBeUndefined();
  });
}

function itGuardsRecords(lab: Lab): void {
  const merge = async (
    resource: Resource,
    object: KubeObject,
    body: Record<string, unknown>,
  ): Promise<KubeObject> => lab.cluster.patch(resource, lab.key(object), { kind: 'merge', body });

  it('never changes the data of a ControllerRevision', async () => {
    const made = await lab.create(controllerRevisions, {
      revision: 1,
      data: { spec: { a: [1, { b: 'c' }] } },
    });
    expect(made['data']).toEqual({ spec: { a: [1, { b: 'c' }] } });
    expect(await merge(controllerRevisions, made, { revision: 2 })).toMatchObject({ revision: 2 });
    const refused = await lab.refusal(merge(controllerRevisions, made, { data: { spec: null } }));
    expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(refused?.message).toContain('field is immutable');
  });

  it('never changes an immutable ConfigMap', async () => {
    const made = await lab.create(configMaps, { data: { a: '1' }, immutable: true });
    expect(await lab.refusal(merge(configMaps, made, { data: { a: '2' } }))).toMatchObject({ status: 422 });
    expect(await merge(configMaps, made, { metadata: { labels: { a: 'b' } } })).toMatchObject({
      data: { a: '1' },
    });
  });

  it.each<[string, Resource, Record<string, unknown>]>([
    ['numbers in a ConfigMap', configMaps, { data: { a: 1 } }],
    ['a Secret that is not encoded', secrets, { data: { a: 'not encoded' } }],
  ])('refuses %s', async (_, resource, fields) => {
    expect(await lab.refusal(lab.create(resource, fields))).toMatchObject({
      status: 400,
      reason: 'BadRequest',
    });
  });

  it('keeps the data of a ControllerRevision as sent, nulls and empty lists too', async () => {
    const data = { spec: { a: null, b: [], c: {}, d: [null] } };
    expect((await lab.create(controllerRevisions, { revision: 1, data }))['data']).toEqual(data);
    expect(await lab.refusal(lab.create(controllerRevisions, { revision: -1, data }))).toMatchObject({
      status: 422,
    });
  });

  it('leaves out what says nothing', async () => {
    const config = await lab.create(configMaps, { data: {}, binaryData: null, unknown: 1 });
    for (const field of ['data', 'binaryData', 'unknown']) expect(config).not.toHaveProperty(field);
    const pod = {
      ...podTemplate.spec,
      nodeSelector: {},
      tolerations: [],
      hostNetwork: false,
      initContainers: null,
    };
    const template = { ...podTemplate, spec: pod };
    const spec = { ...deploymentSpec, template, replicas: 0, paused: false, minReadySeconds: 0 };
    expect((await lab.create(deployments, { spec }))['spec']).toEqual({
      ...completedDeployment,
      replicas: 0,
    });
  });

  it('leaves zeros out of the status of a Deployment', async () => {
    const made = await lab.create(deployments, { spec: { ...deploymentSpec, replicas: 0, paused: true } });
    const status = { replicas: 0, readyReplicas: 0, unavailableReplicas: 0, observedGeneration: 0 };
    const patch = { kind: 'merge', body: { status } } as const;
    const written = await lab.cluster.patch(deployments, lab.key(made), patch, {
      subresource: 'status',
      dryRun: true,
    });
    for (const field of Object.keys(status)) expect(written['status']).not.toHaveProperty(field);
  });

  it('creates a Service or a Lease by a replace, but no other kind', async () => {
    const service = lab.draft(services, { spec: { ports: [{ port: 80 }] } });
    expect((await lab.cluster.replace(services, service)).metadata.uid).toBeDefined();
    const lease = lab.draft(leases, { spec: { holderIdentity: 'me' } });
    expect((await lab.cluster.replace(leases, lease)).metadata.uid).toBeDefined();
    const deployment = lab.draft(deployments, { spec: deploymentSpec });
    expect(await lab.refusal(lab.cluster.replace(deployments, deployment))).toMatchObject({ status: 404 });
  });

  it('refuses to replace a Lease that is gone by its uid, not by its version', async () => {
    const made = await lab.create(leases, { spec: { holderIdentity: 'me' } });
    await lab.cluster.delete(leases, lab.key(made));
    const late = await lab.refusal(lab.cluster.replace(leases, made));
    expect(late).toMatchObject({ status: 409, reason: 'Conflict' });
    const { uid, ...metadata } = made.metadata;
    expect((await lab.cluster.replace(leases, { ...made, metadata })).metadata.uid).not.toBe(uid);
  });

  it('encodes the texts of a Secret', async () => {
    const made = await lab.create(secrets, { stringData: { a: 'b' } });
    expect(made).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
    expect(made).not.toHaveProperty('stringData');
  });

  it('keeps a Lease, and takes its times with six digits only', async () => {
    const spec = {
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000001Z',
    };
    const made = await lab.create(leases, { spec });
    expect(made['spec']).toEqual(spec);
    const short = merge(leases, made, { spec: { renewTime: '2026-01-01T00:00:00.123Z' } });
    expect(await lab.refusal(short)).toMatchObject({ status: 422, reason: 'Invalid' });
    const replaced = lab.cluster.replace(leases, {
      ...made,
      spec: { ...spec, renewTime: '2026-01-01T00:00:00Z' },
    });
    expect(await lab.refusal(replaced)).toMatchObject({ status: 400, reason: 'BadRequest' });
    expect(await lab.refusal(merge(leases, made, { spec: { leaseDurationSeconds: 0 } }))).toMatchObject({
      status: 422,
    });
    const { resourceVersion: _, ...metadata } = made.metadata;
    expect(await lab.refusal(lab.cluster.replace(leases, { ...made, metadata }))).toMatchObject({
      status: 422,
    });
  });

  it('keeps an Event about something in its own namespace', async () => {
    const about = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: lab.namespace };
    const fields = {
      reason: 'Tested',
      message: 'as asked',
      type: 'Normal',
      count: 1,
      source: { component: 'serin' },
    };
    const times = { firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z' };
    const made = await lab.create(events, { ...fields, ...times, involvedObject: about });
    expect(made).toMatchObject({ ...fields, ...times, involvedObject: about });
    const elsewhere = { ...about, namespace: 'elsewhere' };
    expect(await lab.refusal(lab.create(events, { ...fields, involvedObject: elsewhere }))).toMatchObject({
      status: 422,
    });
    const fieldSelector = 'involvedObject.kind=ConfigMap,reason=Tested';
    const { items } = await lab.cluster.list(events, { namespace: lab.namespace, fieldSelector });
    expect(items).toEqual([made]);
  });
}
