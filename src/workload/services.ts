// The three Services of a Canary: how they look, how they are laid over what lives, and what of them must agree. Pure.
// Not here: workloads, and clones for a target that is itself a Service.
import { formatPath, type Problem } from '../api/problem.ts';
import type { Service } from '../api/service.ts';
import { digest } from '../model/hash.ts';
import { numberOf, objectOf, objectsOf, overlay, textOf, type JsonObject } from '../model/json.ts';
import type { KubeObject, OwnerReference } from '../model/kube.ts';
import {
  adoptedMetadata,
  countedMetadata,
  isCountedField,
  isOurs,
  isRecordedField,
  mergeMetadata,
  ownMetadata,
} from '../model/metadata.ts';
import type { OwnedShape } from '../model/owned.ts';

export type ServiceRole = 'apex' | 'primary' | 'canary';

interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

/** The ports of one container of the target's pod template, in its order; without init containers. */
export interface ContainerPorts {
  readonly container: string;
  readonly ports: readonly ContainerPort[];
}

export type Protocol = 'TCP' | 'UDP';

export interface ServicesInput {
  readonly namespace: string;
  readonly apex: string;
  readonly service: Service;
  /** The label by which pods are selected, and its value on the target's pods. */
  readonly selectorKey: string;
  readonly selectorValue: string;
  /** The canary Service leads to the pods that are kept warm, whose value adds `-warm`. */
  readonly warm?: boolean;
  /** Of the port that `spec.service` names, at least one; TCP where they are left out. */
  readonly protocols?: readonly Protocol[];
  /** Read only with `portDiscovery`. */
  readonly containers: readonly ContainerPorts[];
  readonly owner: OwnerReference;
  /** Services that live and are not controlled by this Canary: of these only ports, selector and opt-out are ours. */
  readonly adopted: readonly ServiceRole[];
}

export interface RenderedServices {
  readonly apex: KubeObject;
  readonly primary: KubeObject;
  readonly canary: KubeObject;
  /** By which the two Services select their pods. */
  readonly podLabels: {
    readonly primary: Readonly<Record<string, string>>;
    readonly canary: Readonly<Record<string, string>>;
  };
  /** Discovered ports that were left out. */
  readonly problems: readonly Problem[];
}

/** What the cache keeps of a live Service. */
export interface ServiceView {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ownerUids: readonly string[];
  readonly fingerprint: string;
  readonly selector: Readonly<Record<string, string>>;
  /** It has no address of its own. */
  readonly headless: boolean;
}

interface Port {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly appProtocol?: string;
}

const TRAFFIC_DISTRIBUTION = 'trafficDistribution';
/** Sidecars of meshes, whose ports are no part of the application. */
const SIDECARS = ['istio-proxy', 'envoy'];
const MAX_PORT_NAME = 63;

export function renderServices(input: ServicesInput): RenderedServices {
  const { ports, problems } = portsOf(input);
  const render = (role: ServiceRole): KubeObject => renderService(input, role, ports);
  return {
    apex: render('apex'),
    primary: render('primary'),
    canary: render('canary'),
    podLabels: { primary: selectorOf(input, 'primary'), canary: selectorOf(input, 'canary') },
    problems,
  };
}

export function serviceName(apex: string, role: ServiceRole): string {
  return role === 'apex' ? apex : `${apex}-${role}`;
}

function renderService(input: ServicesInput, role: ServiceRole, ports: readonly Port[]): KubeObject {
  const { namespace, apex, service, selectorKey, owner } = input;
  const name = serviceName(apex, role);
  const adopted = input.adopted.includes(role);
  const { trafficDistribution, unmanagedMetadata } = service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownMetadata({
      name,
      namespace,
      owner: adopted ? undefined : owner,
      labels: { ...service[role]?.labels, [selectorKey]: name },
      annotations: service[role]?.annotations,
      unmanaged: [...(unmanagedMetadata?.labels ?? []), ...(unmanagedMetadata?.annotations ?? [])],
      fields: trafficDistribution === undefined ? [] : [TRAFFIC_DISTRIBUTION],
    }),
    spec: {
      type: 'ClusterIP',
      ...(service.headless === true ? { clusterIP: 'None' } : {}),
      ...(trafficDistribution === undefined || adopted ? {} : { trafficDistribution }),
      selector: selectorOf(input, role),
      ports,
    },
  };
}

function selectorOf(input: ServicesInput, role: ServiceRole): Record<string, string> {
  const { selectorKey, selectorValue, warm = false } = input;
  const canary = warm ? `${selectorValue}-warm` : selectorValue;
  return { [selectorKey]: role === 'canary' ? canary : `${selectorValue}-primary` };
}

function portsOf(input: ServicesInput): { ports: readonly Port[]; problems: readonly Problem[] } {
  const { service, containers, protocols = ['TCP'] } = input;
  const ports: Port[] = protocols.map((protocol) => mainPort(service, protocol, protocols.length > 1));
  const problems: Problem[] = [];
  for (const found of service.portDiscovery === true ? containers.flatMap(discovered) : []) {
    const clash = ports.find(
      ({ name, port, protocol }) =>
        name === found.name || (port === found.port && protocol === found.protocol),
    );
    // Beside a port of UDP, one of TCP may have its number.
    if (isMain(found, service) && protocols.some((one) => one === 'TCP' || one === found.protocol)) {
      continue;
    }
    if (clash === undefined) {
      ports.push(found);
    } else {
      problems.push(leftOut(found, clash));
    }
  }
  return { ports, problems };
}

function mainPort(
  { port, portName = '', targetPort, appProtocol = '' }: Service,
  protocol: Protocol,
  isOneOfTwo: boolean,
): Port {
  const names =
    protocol === 'TCP'
      ? { usual: 'http', given: portName }
      : { usual: 'udp', given: isOneOfTwo ? `${portName}-udp` : portName };
  return {
    name: portName === '' ? names.usual : names.given,
    protocol,
    port,
    targetPort: isUnset(targetPort) ? port : targetPort,
    ...(appProtocol === '' ? {} : { appProtocol }),
  };
}

function discovered({ container, ports }: ContainerPorts): Port[] {
  if (SIDECARS.includes(container)) {
    return [];
  }
  return ports.map(({ name = '', containerPort, protocol = 'TCP' }, index) => ({
    name: name === '' ? generatedName(container, index) : name,
    protocol,
    port: containerPort,
    targetPort: containerPort,
  }));
}

/** `tcp-<container>-<index>`, whatever the protocol, as existing Services have it; cut to what a Service allows. */
function generatedName(container: string, index: number): string {
  const end = `-${index}`;
  return `tcp-${container}`.slice(0, MAX_PORT_NAME - end.length) + end;
}

function isMain(found: Port, { port, targetPort }: Service): boolean {
  if (isUnset(targetPort)) {
    return found.port === port;
  }
  return typeof targetPort === 'number' ? found.port === targetPort : found.name === targetPort;
}

/** 0 has always counted as unset. */
function isUnset(targetPort: Service['targetPort']): targetPort is undefined {
  return targetPort === undefined || targetPort === 0 || targetPort === '';
}

function leftOut(found: Port, clash: Port): Problem {
  return {
    severity: 'warning',
    reason: 'IgnoredField',
    field: formatPath(['spec', 'service', 'portDiscovery']),
    value: found.name,
    message: `finds port ${found.name} (${found.port}/${found.protocol}), which clashes with ${clash.name} (${clash.port}/${clash.protocol}) and is left out`,
    fix: 'give the container ports different names and numbers, or set portName',
  };
}

/**
 * Ports and selector are ours on every Service. Labels, annotations and trafficDistribution are ours only on Services that
 * this Canary controls. Everything else is decided at creation and left alone after it.
 */
export const serviceShape: OwnedShape = {
  merge(live, wanted) {
    const controlled = isOurs(live.metadata, wanted.metadata);
    const before = objectOf(live['spec']);
    const after = objectOf(wanted['spec']);
    const ports = objectsOf(after['ports']).map((port) => mergePort(objectsOf(before['ports']), port));
    const isFieldOurs =
      isRecordedField(live, TRAFFIC_DISTRIBUTION) || isRecordedField(wanted, TRAFFIC_DISTRIBUTION);
    return {
      ...live,
      metadata: mergeMetadata(live.metadata, controlled ? wanted.metadata : adoptedMetadata(wanted.metadata)),
      spec: overlay(before, { ...after, ports }, [
        'ports',
        'selector',
        ...(controlled && isFieldOurs ? [TRAFFIC_DISTRIBUTION] : []),
      ]),
    };
  },
  fingerprint,
};

function mergePort(live: readonly JsonObject[], wanted: JsonObject): JsonObject {
  const sameNumber = ({ port, protocol }: JsonObject): boolean =>
    port === wanted['port'] && (protocol ?? 'TCP') === wanted['protocol'];
  const before = live.find(({ name }) => name === wanted['name']) ?? live.find(sameNumber);
  return overlay(before ?? {}, wanted, ['name', 'protocol', 'port', 'targetPort', 'appProtocol']);
}

function fingerprint(service: KubeObject): string {
  const { ports, selector, trafficDistribution } = objectOf(service['spec']);
  return digest({
    metadata: countedMetadata(service),
    selector,
    ports: objectsOf(ports).map(normalPort).sort(byNumber),
    trafficDistribution: isCountedField(service, TRAFFIC_DISTRIBUTION) ? trafficDistribution : undefined,
  });
}

interface NormalPort extends JsonObject {
  readonly port: number;
  readonly protocol: string;
}

function normalPort(port: JsonObject): NormalPort {
  const { name = '', targetPort, appProtocol } = port;
  return {
    name,
    protocol: textOf(port['protocol']) ?? 'TCP',
    port: numberOf(port['port']) ?? 0,
    targetPort: targetPort ?? port['port'],
    appProtocol,
  };
}

function byNumber(a: NormalPort, b: NormalPort): number {
  return a.port - b.port || (a.protocol < b.protocol ? -1 : 1);
}

/** API servers let no Service get an address, or lose it, once it is there. */
export function headlessProblems(
  { headless }: Service,
  live: readonly { readonly name: string; readonly view: ServiceView | undefined }[],
): readonly Problem[] {
  const others = live.filter(({ view }) => view !== undefined && view.headless !== headless);
  return headless === undefined || others.length === 0
    ? []
    : [
        {
          severity: 'warning',
          reason: 'IgnoredField',
          field: formatPath(['spec', 'service', 'headless']),
          value: headless,
          message: `is ${headless}, and ${others.map(({ name }) => name).join(', ')} cannot become so`,
          fix: 'delete the Service, so that it is made anew, or take the field back',
        },
      ];
}

export function viewOfService(live: KubeObject): ServiceView {
  const { selector, clusterIP } = objectOf(live['spec']);
  return {
    uid: live.metadata.uid ?? '',
    resourceVersion: live.metadata.resourceVersion ?? '',
    ownerUids: (live.metadata.ownerReferences ?? []).map(({ uid }) => uid),
    fingerprint: fingerprint(live),
    selector: Object.fromEntries(
      Object.entries(objectOf(selector)).map(([key, value]) => [key, String(value)]),
    ),
    headless: clusterIP === 'None',
  };
}
