// What a tier of the live tests has between users and pods, beside what every tier has: control plane, pretend node, Prometheus.
// Not here: how each gateway is started.
// May import the files of this folder.
import type { KubeObject } from '../../src/model/kube.ts';
import type { ControlPlane } from './control-plane.ts';
import { tierBCrds, tierCCrds } from './crds.ts';
import { envoyGatewayObjects, startEnvoyGateway } from './envoy-gateway.ts';
import {
  type Gateway,
  type GatewayName,
  gatewayObjects,
  startGatewayApi,
  startHttpProxyGateway,
} from './gateway.ts';
import { istioObjects, startIstio } from './istio.ts';
import type { Processes } from './processes.ts';
import type { BinaryName } from './recipes.ts';
import { startSkipper } from './skipper.ts';
import { startTraefik, traefikObjects } from './traefik.ts';

export interface Tier {
  readonly programs: readonly BinaryName[];
  readonly crds: () => Promise<readonly KubeObject[]>;
  /** Applied once the CRDs are served, before the gateways start. */
  readonly objects: readonly KubeObject[];
  readonly start: (place: Place) => Promise<ReadonlyMap<GatewayName, Gateway>>;
}

/** Where gateways are started. */
export interface Place {
  readonly processes: Processes;
  readonly plane: ControlPlane;
  readonly binary: (name: BinaryName) => string;
}

/** Tier C, on demand: gateways that take minutes to compile. */
export const tierC: Tier = {
  programs: ['istiod', 'envoy-gateway', 'envoy', 'skipper'],
  crds: tierCCrds,
  objects: [...istioObjects, ...envoyGatewayObjects],
  async start(place) {
    const [istio, envoyGateway, skipper] = await Promise.all([
      startIstio(place),
      startEnvoyGateway(place),
      startSkipper(place),
    ]);
    return new Map<GatewayName, Gateway>([['istio', istio], ...envoyGateway, ['skipper', skipper]]);
  },
};

/** Tier B, for every run of CI; tier A, stories without a gateway, is told there too. */
export const tierB: Tier = {
  programs: ['contour', 'envoy', 'traefik'],
  crds: tierBCrds,
  objects: [...gatewayObjects, ...traefikObjects],
  async start({ processes, plane, binary }) {
    const programs = { contour: binary('contour'), envoy: binary('envoy') };
    const [http, gateway, traefik] = await Promise.all([
      startHttpProxyGateway(processes, programs, await plane.kubeconfigOf('contour')),
      startGatewayApi(processes, programs, await plane.kubeconfigOf('contour-gateway')),
      startTraefik(processes, binary('traefik'), await plane.kubeconfigOf('traefik')),
    ]);
    return new Map<GatewayName, Gateway>([['contour', http], ['gatewayapi:v1', gateway], ...traefik]);
  },
};
