import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { Service } from '../../src/api/service.ts';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import {
  type RenderedServices,
  type ServicesInput,
  headlessProblems,
  renderServices,
  serviceShape,
  viewOfService,
} from '../../src/workload/services.ts';

const owner = {
  apiVersion: 'flagger.app/v1beta1',
  kind: 'Canary',
  name: 'cart',
  uid: '0b7d5c1e-0000-4000-8000-000000000001',
  controller: true,
  blockOwnerDeletion: true,
};

function render(service: object = {}, parts: Partial<ServicesInput> = {}): RenderedServices {
  return renderServices({
    namespace: 'shop',
    apex: 'cart',
    service: Service.parse({ port: 80, targetPort: 8080, ...service }),
    selectorKey: 'app',
    selectorValue: 'cart',
    containers: [],
    owner,
    adopted: [],
    ...parts,
  });
}

function portsOf(service: KubeObject): unknown {
  return objectOf(service['spec'])['ports'];
}

/** As the API server gives a new Service back. */
function stored(service: KubeObject): KubeObject {
  const { metadata, spec, ...rest } = structuredClone(service);
  const ports = objectsOf(objectOf(spec)['ports']).map((port, index) => ({
    ...port,
    nodePort: 30_000 + index,
  }));
  return {
    ...rest,
    metadata: { ...metadata, uid: 'service-1', resourceVersion: '5' },
    spec: {
      clusterIP: '10.0.0.7',
      clusterIPs: ['10.0.0.7'],
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      ...objectOf(spec),
      ports,
    },
  };
}

describe('the three Services', () => {
  it.each<[string, object, object]>([
    ['by the usual name', {}, { name: 'udp', protocol: 'UDP', port: 53, targetPort: 53 }],
    ['by its own name', { portName: 'dns' }, { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 }],
  ])(
    'have a port of UDP where datagrams are divided, %s, and one of TCP beside it',
    (_how, service, port) => {
      const ports = [
        { name: 'dns-udp', containerPort: 53, protocol: 'UDP' },
        { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
      ];
      const { apex, problems } = render(
        { port: 53, targetPort: 53, portDiscovery: true, ...service },
        { protocols: ['UDP'], containers: [{ container: 'cart', ports }] },
      );
      const beside = { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 };
      expect(portsOf(apex)).toEqual([port, beside]);
      expect(problems).toEqual([]);
    },
  );

  it('look as documented', () => {
    const { canary, apex, primary, problems } = render(
      { appProtocol: 'http', portDiscovery: true, canary: { labels: { team: 'checkout' } } },
      {
        containers: [
          {
            container: 'cart',
            ports: [
              { name: 'web', containerPort: 8080 },
              { name: 'metrics', containerPort: 9797 },
            ],
          },
        ],
      },
    );
    expect(canary).toEqual(
      parse(`
        apiVersion: v1
        kind: Service
        metadata:
          name: cart-canary
          namespace: shop
          labels: { app: cart-canary, team: checkout }
          annotations:
            kustomize.toolkit.fluxcd.io/reconcile: disabled
            helm.toolkit.fluxcd.io/driftDetection: disabled
            serin.dev/managed-metadata: labels=app,team
          ownerReferences:
            - apiVersion: flagger.app/v1beta1
              kind: Canary
              name: cart
              uid: 0b7d5c1e-0000-4000-8000-000000000001
              controller: true
              blockOwnerDeletion: true
        spec:
          type: ClusterIP
          selector: { app: cart }
          ports:
            - { name: http, protocol: TCP, port: 80, targetPort: 8080, appProtocol: http }
            - { name: metrics, protocol: TCP, port: 9797, targetPort: 9797 }
      `),
    );
    expect([apex, primary].map(({ metadata, spec }) => [metadata.name, metadata.labels, spec])).toEqual([
      ['cart', { app: 'cart' }, { ...objectOf(canary['spec']), selector: { app: 'cart-primary' } }],
      [
        'cart-primary',
        { app: 'cart-primary' },
        { ...objectOf(canary['spec']), selector: { app: 'cart-primary' } },
      ],
    ]);
    expect(problems).toEqual([]);
  });

  it('have a port for each where connections and datagrams are divided', () => {
    const both = { protocols: ['TCP', 'UDP'] as const };
    expect(portsOf(render({}, both).apex)).toEqual([
      { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 },
      { name: 'udp', protocol: 'UDP', port: 80, targetPort: 8080 },
    ]);
    expect(portsOf(render({ portName: 'dns' }, both).canary)).toMatchObject([
      { name: 'dns' },
      { name: 'dns-udp' },
    ]);
  });

  it('are named by the service and select by the workload', () => {
    const { apex, canary } = render({}, { apex: 'shopfront', selectorKey: 'name', selectorValue: 'c1' });
    expect([apex.metadata.name, apex['spec'], canary.metadata.labels, canary['spec']]).toMatchObject([
      'shopfront',
      { selector: { name: 'c1-primary' } },
      { name: 'shopfront-canary' },
      { selector: { name: 'c1' } },
    ]);
  });

  it('can be without an address and keep traffic near', () => {
    const { primary } = render({ headless: true, trafficDistribution: 'PreferSameZone' });
    expect(primary['spec']).toMatchObject({ clusterIP: 'None', trafficDistribution: 'PreferSameZone' });
  });

  it('leave alone the keys that the user says are unmanaged', () => {
    const apex = { labels: { a: '1', b: '2' }, annotations: { c: '3', d: '4' } };
    const { metadata } = render({ apex, unmanagedMetadata: { labels: ['a'], annotations: ['c'] } }).apex;
    expect(metadata.labels).toEqual({ app: 'cart', b: '2' });
    expect(metadata.annotations).toMatchObject({ d: '4' });
    expect(metadata.annotations).not.toHaveProperty('c');
  });
});

describe('ports', () => {
  it.each([
    ['the target port 0, which means none', {}, { targetPort: 80 }],
    ['a named target port', { targetPort: 'web' }, { targetPort: 'web' }],
    ['a name', { portName: 'grpc' }, { name: 'grpc' }],
  ])('with %s', (_what, parts, expected) => {
    const { apex } = render({ targetPort: 0, ...parts });
    expect(portsOf(apex)).toMatchObject([{ port: 80, protocol: 'TCP', ...expected }]);
  });

  it.each([
    ['by number', { targetPort: 8080 }],
    ['by name', { targetPort: 'web' }],
    ['by the port of the Service', { targetPort: 0, port: 8080 }],
  ])('leave out the main one, known %s', (_what, service) => {
    const containers = [{ container: 'cart', ports: [{ name: 'web', containerPort: 8080 }] }];
    const { apex, problems } = render({ portDiscovery: true, ...service }, { containers });
    expect(portsOf(apex)).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  it('R14: are found in all containers but the sidecars, with their protocol', () => {
    const containers = [
      { container: 'istio-proxy', ports: [{ name: 'proxy', containerPort: 15_090 }] },
      { container: 'dns', ports: [{ containerPort: 53, protocol: 'UDP' }, { containerPort: 53 }] },
      { container: 'envoy', ports: [{ name: 'admin', containerPort: 9901 }] },
    ];
    expect(portsOf(render({ portDiscovery: true }, { containers }).canary)).toEqual([
      { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 },
      { name: 'tcp-dns-0', protocol: 'UDP', port: 53, targetPort: 53 },
      { name: 'tcp-dns-1', protocol: 'TCP', port: 53, targetPort: 53 },
    ]);
    expect(portsOf(render({}, { containers }).canary)).toHaveLength(1);
  });

  it('that clash are left out with a warning', () => {
    const containers = [
      {
        container: 'cart',
        ports: [
          { name: 'http', containerPort: 9000 },
          { name: 'other', containerPort: 80 },
          { name: 'admin', containerPort: 9001 },
        ],
      },
      { container: 'side', ports: [{ name: 'admin', containerPort: 9002 }] },
    ];
    const { apex, problems } = render({ portDiscovery: true }, { containers });
    expect(portsOf(apex)).toMatchObject([
      { name: 'http', port: 80 },
      { name: 'admin', port: 9001 },
    ]);
    expect(problems.map(({ severity, value }) => [severity, value])).toEqual([
      ['warning', 'http'],
      ['warning', 'other'],
      ['warning', 'admin'],
    ]);
  });

  it('never clash, whatever the containers say', () => {
    const port = fc.record({
      name: fc.constantFrom('', 'http', 'web', 'tcp-a-0', 'tcp-a-1'),
      containerPort: fc.integer({ min: 78, max: 82 }),
      protocol: fc.constantFrom('TCP', 'UDP'),
    });
    const container = fc.record({
      container: fc.constantFrom('a', 'b', 'c'.repeat(63)),
      ports: fc.array(port, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(container, { maxLength: 3 }), (containers) => {
        const ports = objectsOf(portsOf(render({ portDiscovery: true }, { containers }).apex));
        const numbers = ports.map(({ port: number, protocol }) => `${String(number)}/${String(protocol)}`);
        const names = ports.map(({ name }) => String(name));
        expect(new Set(numbers).size).toBe(ports.length);
        expect(new Set(names).size).toBe(ports.length);
        expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(63);
      }),
    );
  });
});

describe('laying a Service over a live one', () => {
  it('changes nothing that is as wanted', () => {
    const { apex } = render({ trafficDistribution: 'PreferClose' });
    expect(serviceShape.merge(stored(apex), apex)).toEqual(stored(apex));
    expect(viewOfService(stored(apex)).fingerprint).toBe(serviceShape.fingerprint(apex));
  });

  it('keeps node ports by name or number, and all that is decided at creation', () => {
    const before = stored(render({ portName: 'web' }).apex);
    const live = {
      ...before,
      spec: { ...objectOf(before['spec']), type: 'LoadBalancer', sessionAffinity: 'ClientIP' },
    };
    const { apex } = render({ targetPort: 9090, headless: true });
    const merged = serviceShape.merge(live, apex);
    expect(merged['spec']).toEqual({
      ...live.spec,
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 9090, nodePort: 30_000 }],
    });
    expect(serviceShape.merge(merged, apex)).toEqual(merged);
    expect(serviceShape.fingerprint(merged)).toBe(serviceShape.fingerprint(apex));
  });

  it('puts ports and selector back', () => {
    const { primary } = render();
    const before = stored(primary);
    const live = { ...before, spec: { ...objectOf(before['spec']), selector: { app: 'till' }, ports: [] } };
    expect(serviceShape.fingerprint(live)).not.toBe(serviceShape.fingerprint(primary));
    expect(serviceShape.merge(live, primary)['spec']).toMatchObject(objectOf(primary['spec']));
  });

  it('owns of an adopted Service only ports, selector and opt-out', () => {
    const live: KubeObject = parse(`
      apiVersion: v1
      kind: Service
      metadata:
        name: cart
        namespace: shop
        uid: s-1
        labels: { app: shopfront, team: theirs }
        annotations: { example.com/a: theirs }
      spec:
        clusterIP: 10.0.0.9
        selector: { app: cart }
        trafficDistribution: PreferClose
        ports: [{ port: 80, targetPort: 8080, nodePort: 31000 }]
    `);
    const service = { apex: { labels: { team: 'ours' } }, trafficDistribution: 'PreferSameNode' };
    const { apex } = render(service, { adopted: ['apex'] });
    const merged = serviceShape.merge(live, apex);
    expect(merged).toEqual({
      ...live,
      metadata: {
        ...live.metadata,
        annotations: {
          'example.com/a': 'theirs',
          'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
          'helm.toolkit.fluxcd.io/driftDetection': 'disabled',
        },
      },
      spec: {
        ...objectOf(live['spec']),
        selector: { app: 'cart-primary' },
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 31_000 }],
      },
    });
    expect(serviceShape.fingerprint(merged)).toBe(serviceShape.fingerprint(apex));
    // Even if the caller thought that it was ours.
    expect(serviceShape.merge(live, render(service).apex)).toEqual(merged);
  });

  it('lets go of a Service that is no longer controlled by the Canary', () => {
    const service = { apex: { labels: { team: 'ours' } } };
    const live = stored(render(service).apex);
    delete live.metadata.ownerReferences;
    const { apex } = render(service, { adopted: ['apex'] });
    const merged = serviceShape.merge(live, apex);
    expect(merged.metadata.labels).toBeUndefined();
    expect(merged.metadata.annotations).not.toHaveProperty('serin.dev/managed-metadata');
    expect(serviceShape.fingerprint(merged)).toBe(serviceShape.fingerprint(apex));
  });

  it('R14: takes back what it wrote, and only that', () => {
    const service = {
      apex: { labels: { team: 'a', tier: 'b' }, annotations: { note: 'c' } },
      trafficDistribution: 'PreferClose',
    };
    const before = stored(render(service).apex);
    const { metadata } = before;
    const live = { ...before, metadata: { ...metadata, labels: { ...metadata.labels, zone: 'theirs' } } };
    const { apex } = render({ apex: { labels: { team: 'z' } }, unmanagedMetadata: { labels: ['tier'] } });
    const merged = serviceShape.merge(live, apex);
    expect(merged.metadata.labels).toEqual({ app: 'cart', team: 'z', tier: 'b', zone: 'theirs' });
    expect(merged.metadata.annotations).not.toHaveProperty('note');
    expect(merged['spec']).not.toHaveProperty('trafficDistribution');
    expect(serviceShape.fingerprint(merged)).toBe(serviceShape.fingerprint(apex));
  });

  it('leaves a traffic distribution alone that it never wrote', () => {
    const { apex } = render();
    const before = stored(apex);
    const live = { ...before, spec: { ...objectOf(before['spec']), trafficDistribution: 'PreferClose' } };
    expect(serviceShape.fingerprint(live)).toBe(serviceShape.fingerprint(apex));
    expect(serviceShape.merge(live, apex)).toEqual(live);
  });
});

describe('a Service that has an address, or has none', () => {
  const live = { name: 'cart', view: viewOfService(stored(render().apex)) };
  const headless = { name: 'cart-canary', view: viewOfService(stored(render({ headless: true }).canary)) };

  it.each<[string, boolean | undefined, readonly string[]]>([
    ['as the Canary says', undefined, []],
    ['and shall have none', true, ['is true, and cart cannot become so']],
    ['and shall have one', false, ['is false, and cart-canary cannot become so']],
  ])('R14: is told apart: %s', (_what, wanted, messages) => {
    const service = Service.parse({ port: 80, ...(wanted === undefined ? {} : { headless: wanted }) });
    const absent = { name: 'cart-primary', view: undefined };
    const found = headlessProblems(service, [live, headless, absent]);
    expect(found.map(({ message }) => message)).toEqual(messages);
    expect(
      found.every(({ severity, field }) => severity === 'warning' && field === 'spec.service.headless'),
    ).toBe(true);
  });
});

describe('the fingerprint of a Service', () => {
  it('ignores defaults, the order of ports and foreign metadata', () => {
    const containers = [{ container: 'cart', ports: [{ name: 'metrics', containerPort: 9797 }] }];
    const { canary } = render({ targetPort: 80, portDiscovery: true }, { containers });
    const live = structuredClone(canary);
    const ports = [
      { name: 'metrics', port: 9797 },
      { name: 'http', port: 80, targetPort: 80, nodePort: 30_001 },
    ];
    Object.assign(objectOf(live['spec']), { ports, clusterIP: '10.0.0.8' });
    live.metadata.labels = { ...live.metadata.labels, zone: 'theirs' };
    expect(serviceShape.fingerprint(live)).toBe(serviceShape.fingerprint(canary));
  });

  it('is the same for a Service that Flagger wrote', () => {
    const { apex } = render({ apex: { labels: { team: 'a' } }, trafficDistribution: 'PreferClose' });
    const live = structuredClone(apex);
    delete live.metadata.annotations?.['serin.dev/managed-metadata'];
    expect(serviceShape.fingerprint(live)).toBe(serviceShape.fingerprint(apex));
  });

  it.each([
    ['the target port', { targetPort: 8081 }],
    ['the application protocol', { appProtocol: 'grpc' }],
    ['a label of ours', { apex: { labels: { team: 'a' } } }],
    ['the traffic distribution', { trafficDistribution: 'PreferClose' }],
  ])('changes with %s', (_what, service) => {
    expect(serviceShape.fingerprint(render(service).apex)).not.toBe(serviceShape.fingerprint(render().apex));
  });

  it('changes when our own label is lost', () => {
    const { apex } = render();
    const live = structuredClone(apex);
    live.metadata.labels = {};
    expect(serviceShape.fingerprint(live)).not.toBe(serviceShape.fingerprint(apex));
  });

  it('is seen with the selector and the owners', () => {
    expect(viewOfService(stored(render().apex))).toMatchObject({
      uid: 'service-1',
      resourceVersion: '5',
      ownerUids: [owner.uid],
      selector: { app: 'cart-primary' },
    });
  });
});
