// Services: cluster addresses, port defaults, and what the server refuses.
import type { KubeObject } from '../../model/kube.ts';
import { each, fill, isEmpty, isJson, listAt, objectAt, type Json } from './json.ts';
import type { Draft } from './kind.ts';
import type { Finding } from './refusals.ts';

export function completeService({ object, previous, peers }: Draft): KubeObject {
  const spec = each(
    fill(objectAt(object, 'spec'), { sessionAffinity: 'None', type: 'ClusterIP' }),
    'ports',
    portDefaults,
  );
  const status = fill(objectAt(object, 'status'), { loadBalancer: {} });
  if (spec['type'] === 'ExternalName') return { ...object, spec: withoutAddress(spec), status };
  const before = objectAt(previous ?? {}, 'spec');
  const addressed = withAddress(fill(spec, { internalTrafficPolicy: 'Cluster' }), before, peers);
  const affine =
    addressed['sessionAffinity'] === 'ClientIP'
      ? fill(addressed, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } })
      : addressed;
  return { ...object, spec: withNodePorts(affine, peers), status };
}

/** Of no use to an external name; what was there before is given up. */
const addressFields = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'];

const withoutAddress = (spec: Json): Json =>
  Object.fromEntries(Object.entries(spec).filter(([field]) => !addressFields.includes(field)));

function portDefaults(port: Json): Json {
  return fill(port, { protocol: 'TCP', targetPort: port['port'] });
}

function withAddress(spec: Json, before: Json, peers: Iterable<KubeObject>): Json {
  const given = isEmpty(spec['clusterIP']) ? before['clusterIP'] : spec['clusterIP'];
  const copiedList = isEmpty(given) && !isEmpty(spec['clusterIPs']);
  if (copiedList) return spec;
  const clusterIP = isEmpty(given) ? freeAddress(peers) : given;
  // Without a selector nobody knows yet which families its endpoints will have.
  const isBare = clusterIP === 'None' && isEmpty(spec['selector']);
  const families = isBare
    ? { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }
    : { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
  return fill({ ...spec, clusterIP }, { clusterIPs: [clusterIP], ...families });
}

/** The lowest address of 10.96.0.0/16 that no Service has; .0 and .1 stay free, as .1 is the API server's. */
function freeAddress(peers: Iterable<KubeObject>): string {
  const taken = new Set<unknown>();
  for (const peer of peers) taken.add(objectAt(peer, 'spec')['clusterIP']);
  for (let number = 2; number < 65_535; number++) {
    const address = `10.96.${number >> 8}.${number & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new Error('no free cluster address');
}

function withNodePorts(spec: Json, peers: Iterable<KubeObject>): Json {
  if (spec['type'] !== 'NodePort' && spec['type'] !== 'LoadBalancer') return spec;
  const taken = new Set<unknown>();
  for (const peer of peers) for (const port of ports(objectAt(peer, 'spec'))) taken.add(port['nodePort']);
  let next = 30_000;
  const published = each(spec, 'ports', (port) => {
    if (port['nodePort'] !== undefined) return port;
    while (taken.has(next)) next++;
    return { ...port, nodePort: next++ };
  });
  const balancer = spec['type'] === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {};
  return fill(published, { externalTrafficPolicy: 'Cluster', ...balancer });
}

const ports = (spec: Json): readonly Json[] => listAt(spec, 'ports').filter(isJson);

export function checkService({ object, previous, peers }: Draft): readonly Finding[] {
  const spec = objectAt(object, 'spec');
  return [...checkPorts(spec), ...checkAddress(spec, previous, peers)];
}

function checkPorts(spec: Json): readonly Finding[] {
  const list = ports(spec);
  const portless = spec['clusterIP'] === 'None' || spec['type'] === 'ExternalName';
  if (list.length === 0) return portless ? [] : [{ path: 'spec.ports', message: 'Required value' }];
  const seen = new Set<string>();
  return list.flatMap((port, index) => {
    const path = `spec.ports[${index}]`;
    const findings: Finding[] = [];
    if (list.length > 1 && isEmpty(port['name']))
      findings.push({ path: `${path}.name`, message: 'Required value' });
    if (!isPortNumber(port['port'])) {
      const message = `Invalid value: ${String(port['port'])}: must be between 1 and 65535, inclusive`;
      findings.push({ path: `${path}.port`, message });
    }
    const name = `name ${String(port['name'])}`;
    const number = `port ${String(port['protocol'])} ${String(port['port'])}`;
    if (list.length > 1 && seen.has(name)) {
      findings.push({ path: `${path}.name`, message: `Duplicate value: "${String(port['name'])}"` });
    }
    if (seen.has(number)) findings.push({ path, message: `Duplicate value: ${JSON.stringify(port)}` });
    seen.add(name).add(number);
    return findings;
  });
}

const isPortNumber = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;

function checkAddress(
  spec: Json,
  previous: KubeObject | undefined,
  peers: Iterable<KubeObject>,
): readonly Finding[] {
  const address = spec['clusterIP'];
  const shown = JSON.stringify(spec['clusterIPs']);
  if (isEmpty(address)) {
    if (isEmpty(spec['clusterIPs'])) return [];
    return [
      {
        path: 'spec.clusterIPs',
        message: `Invalid value: ${shown}: must be empty when clusterIP is not specified`,
      },
    ];
  }
  const before = objectAt(previous ?? {}, 'spec')['clusterIP'];
  const externalBefore = objectAt(previous ?? {}, 'spec')['type'] === 'ExternalName';
  if (previous !== undefined && !externalBefore && address !== before) {
    return [{ path: 'spec.clusterIPs[0]', message: `Invalid value: ${shown}: may not change once set` }];
  }
  if (listAt(spec, 'clusterIPs')[0] !== address) {
    const message = `Invalid value: ${shown}: first value must match clusterIP`;
    return [{ path: 'spec.clusterIPs', message }];
  }
  if (previous === undefined && address !== 'None') {
    for (const peer of peers) {
      if (objectAt(peer, 'spec')['clusterIP'] !== address) continue;
      const message = `Invalid value: ${shown}: failed to allocate IP ${String(address)}: provided IP is already allocated`;
      return [{ path: 'spec.clusterIPs', message }];
    }
  }
  return [];
}
