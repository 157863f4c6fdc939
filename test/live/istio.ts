// istiod with a plain Envoy as its ingress gateway, for VirtualServices. Without certificates, sidecars and Istio's own Envoy: so
// there are no istio_* metrics.
// Not here: the routes; stories write them.
// May import the files of this folder.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { type Gateway, routesPath, weightsIn } from './gateway.ts';
import { poll } from './processes.ts';
import type { Place } from './tier.ts';

/** The Gateway that VirtualServices name, as `namespace/name`. */
export const istioGateway = { namespace: 'istio-system', name: 'live' } as const;

const { namespace, name } = istioGateway;
const address = '127.0.0.1';
const ports = { http: 8105, admin: 15_000, xds: 15_010, web: 15_080, monitoring: 15_014 };
/** By what a Gateway finds its Envoys. */
const labels = { istio: 'ingressgateway' };

export const istioObjects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { namespace, name },
    spec: {
      selector: labels,
      servers: [
        { port: { number: ports.http, name: 'http', protocol: 'HTTP' }, bind: address, hosts: ['*'] },
      ],
    },
  },
];

export async function startIstio({ processes, plane, binary }: Place): Promise<Gateway> {
  const at = (file: string) => join(processes.folder, file);
  const mesh = at('istio-mesh.yaml');
  await writeFile(mesh, JSON.stringify({ enableAutoMtls: false, defaultProviders: { metrics: [] } }));
  const { logPath } = processes.start({
    name: 'istiod',
    command: [
      binary('istiod'),
      'discovery',
      `--kubeconfig=${await plane.kubeconfigOf('istiod')}`,
      `--namespace=${namespace}`,
      `--meshConfig=${mesh}`,
      `--httpAddr=${address}:${ports.web}`,
      `--grpcAddr=${address}:${ports.xds}`,
      `--monitoringAddr=${address}:${ports.monitoring}`,
      '--secureGRPCAddr=',
      '--httpsAddr=',
      `--ctrlz_address=${address}`,
    ],
    env: {
      POD_NAMESPACE: namespace,
      POD_NAME: 'istiod',
      ENABLE_CA_SERVER: 'false',
      INJECTION_WEBHOOK_CONFIG_NAME: '',
      VALIDATION_WEBHOOK_CONFIG_NAME: '',
      PILOT_ENABLE_ALPN_FILTER: 'false',
      PILOT_ENABLE_METADATA_EXCHANGE: 'false',
      // HTTPRoutes are another gateway's here.
      PILOT_ENABLE_GATEWAY_API: 'false',
    },
  });
  const wait = { timeoutMs: 120_000, abort: processes.check, logPath };
  await poll('istiod', () => answers(`http://${address}:${ports.web}/ready`), wait);
  const config = at('istio-envoy.json');
  await writeFile(config, JSON.stringify(bootstrap));
  // Hot restart ties an Envoy to the session that started it.
  const plain = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'];
  processes.start({ name: 'istio-envoy', command: [binary('envoy'), '-c', config, ...plain] });
  const admin = `${address}:${ports.admin}`;
  await poll('istiod to configure its Envoy', () => answers(`http://${admin}/ready`), wait);
  return {
    url: `http://${address}:${ports.http}`,
    stats: admin,
    routeKind: 'networking.istio.io/v1beta1/VirtualService',
    async weights(host) {
      const { body } = await request(`http://${admin}${routesPath}`);
      return weightsIn(await body.json(), host, serviceOf);
    },
  };
}

const adsCluster = {
  name: 'xds-grpc',
  type: 'STATIC',
  connect_timeout: '1s',
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
  load_assignment: {
    cluster_name: 'xds-grpc',
    endpoints: [
      {
        lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: ports.xds } } } }],
      },
    ],
  },
};
const ads = { ads: {}, resource_api_version: 'V3' };
/** What istio-proxy would be started with, as little as istiod needs; Envoy's API v3, Bootstrap. */
const bootstrap = {
  node: {
    id: `router~${address}~ingressgateway.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `ingressgateway.${namespace}`,
    metadata: { LABELS: labels, NAMESPACE: namespace, CLUSTER_ID: 'Kubernetes', ISTIO_VERSION: '1.30.0' },
  },
  admin: { address: { socket_address: { address, port_value: ports.admin } } },
  dynamic_resources: {
    ads_config: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
    },
    lds_config: ads,
    cds_config: ads,
  },
  static_resources: { clusters: [adsCluster] },
};

/** Istio calls a cluster `outbound|port|subset|service.namespace.svc.cluster.local`. */
function serviceOf(cluster: string): string {
  const [service, serviceNamespace] = (cluster.split('|').at(-1) ?? '').split('.');
  return `${serviceNamespace}/${service}`;
}

async function answers(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode === 200;
}
