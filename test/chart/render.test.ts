// What helm makes of the chart. Runs where SERIN_TEST_HELM names a helm binary.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { parseSettings } from '../../src/settings.ts';
import { allRouters } from '../../src/traffic/routers.ts';

const helm = process.env['SERIN_TEST_HELM'] ?? '';
const withHelm = helm === '' ? describe.skip : describe;
const chart = join(import.meta.dirname, '../../charts/serin');

const Rule = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
});
const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  rules: z.array(Rule).optional(),
});
type Manifest = z.infer<typeof Manifest>;
const Controller = z.looseObject({
  spec: z.looseObject({
    replicas: z.number(),
    strategy: z.looseObject({ type: z.string() }).optional(),
    template: z.looseObject({
      spec: z.looseObject({
        containers: z.tuple([z.looseObject({ image: z.string(), args: z.array(z.string()) })]),
      }),
    }),
  }),
});

/** Versions in which the cluster serves MutatingAdmissionPolicy. */
interface Served {
  readonly served: readonly string[];
}

function render(...wishes: readonly (string | Served)[]): Manifest[] {
  const values = wishes.filter((wish) => typeof wish === 'string');
  const served = wishes
    .flatMap((wish) => (typeof wish === 'string' ? [] : wish.served))
    .flatMap((version) => [
      '--api-versions',
      `admissionregistration.k8s.io/${version}/MutatingAdmissionPolicy`,
    ]);
  const settings = values.flatMap((value) => ['--set', value]);
  const text = execFileSync(
    helm,
    ['template', 'serin', chart, '--namespace', 'delivery', ...settings, ...served],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((object) => object !== null)
    .map((object) => Manifest.parse(object));
}

/** `group/resource: verbs` for each resource, sorted; a resource that is named twice fails the comparison. */
function grants(manifest: Manifest | undefined): string[] {
  return (manifest?.rules ?? [])
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.map((resource) => `${group === '' ? 'core' : group}/${resource}: ${verbs.join(' ')}`),
      ),
    )
    .toSorted();
}

const find = (manifests: Manifest[], kind: string, name: string): Manifest | undefined =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

function controllerOf(manifests: Manifest[]): z.infer<typeof Controller>['spec'] {
  return Controller.parse(find(manifests, 'Deployment', 'serin')).spec;
}

const READ = 'get list watch';
/** Of kinds that are in no namespace. */
const clusterGrants = [
  `apiextensions.k8s.io/customresourcedefinitions: ${READ}`,
  `gateway.networking.k8s.io/gatewayclasses: ${READ}`,
  `kuma.io/trafficroutes: ${READ} create patch delete`,
];
/** What the controller does, resource by resource. Whoever adds a call adds a line here, and one in the chart. */
const workGrants = [
  `apps/controllerrevisions: ${READ} create delete`,
  `apps/daemonsets: ${READ} create patch`,
  `apps/deployments: ${READ} create patch delete`,
  `autoscaling/horizontalpodautoscalers: ${READ} create patch delete`,
  `core/configmaps: ${READ} create delete`,
  'core/events: create patch',
  'core/secrets: get create delete',
  `core/services: ${READ} create patch`,
  `flagger.app/canaries: ${READ} patch`,
  'flagger.app/canaries/finalizers: update',
  'flagger.app/canaries/status: patch',
  `flagger.app/metrictemplates: ${READ}`,
  ...['httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes', 'udproutes'].map(
    (kind) => `gateway.networking.k8s.io/${kind}: ${READ} create patch`,
  ),
  `gateway.networking.k8s.io/gateways: ${READ}`,
  `keda.sh/scaledobjects: ${READ} create patch delete`,
  `projectcontour.io/httpproxies: ${READ} create patch`,
  `serving.knative.dev/services: ${READ} patch`,
  // The author of commands is checked by a dry run.
  `serin.dev/canarycommands: ${READ} create delete`,
  'serin.dev/canarycommands/status: patch',
  `networking.istio.io/virtualservices: ${READ} create patch`,
  `networking.k8s.io/ingresses: ${READ} create patch`,
  `traefik.io/traefikservices: ${READ} create patch`,
  `traefik.io/ingressroutes: ${READ} create patch`,
  `split.smi-spec.io/trafficsplits: ${READ} create patch`,
  `gateway.solo.io/routetables: ${READ} create patch`,
  `gloo.solo.io/upstreams: ${READ} create patch`,
  `kuma.io/meshhttproutes: ${READ} create patch`,
  `appmesh.k8s.aws/virtualnodes: ${READ} create patch`,
  `appmesh.k8s.aws/virtualrouters: ${READ} create patch`,
  `appmesh.k8s.aws/virtualservices: ${READ} create patch`,
  `apisix.apache.org/apisixroutes: ${READ} create patch`,
  `k8s.nginx.org/virtualservers: ${READ} create patch`,
  `route.openshift.io/routes: ${READ} patch`,
  `networking.istio.io/destinationrules: ${READ} create patch`,
];

/** What is done to the objects of routers, kind by kind. */
function neededGrants(): readonly (readonly [string, readonly string[]])[] {
  const read = READ.split(' ');
  return allRouters.flatMap(({ route, companions = [], source }) =>
    [
      [route, route?.givenBack === undefined ? ['create', 'patch'] : ['patch']] as const,
      ...companions.map((companion) => [companion, ['create', 'patch']] as const),
      [source, []] as const,
    ].flatMap(([part, verbs]) =>
      part === undefined
        ? []
        : [[`${part.resource.group}/${part.resource.plural}`, [...read, ...verbs]] as const],
    ),
  );
}

describe('the kinds that routers read and write', () => {
  const granted = new Map(
    [...workGrants, ...clusterGrants].map((grant) => {
      const [kind = '', verbs = ''] = grant.split(': ');
      return [kind, verbs.split(' ')];
    }),
  );

  it.each(neededGrants())('R19: are in the one list of permissions: %s', (kind, verbs) => {
    expect(granted.get(kind)).toEqual(expect.arrayContaining([...verbs]));
  });
});

withHelm('the rendered chart (needs SERIN_TEST_HELM)', () => {
  it('grants exactly what the controller does', () => {
    const manifests = render();
    expect(grants(find(manifests, 'ClusterRole', 'serin'))).toEqual(
      [...workGrants, ...clusterGrants].toSorted(),
    );
    const lease = find(manifests, 'Role', 'serin-leader-election');
    expect(grants(lease)).toEqual(['coordination.k8s.io/leases: get create update']);
    expect(lease?.metadata.namespace).toBe('delivery');
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual([
      'ClusterRole',
      'ClusterRole',
      'ClusterRole',
      'ClusterRoleBinding',
      'Deployment',
      'Role',
      'RoleBinding',
      'ServiceAccount',
    ]);
  });

  it.each([
    ['shop', ['shop'], 'shop'],
    [String.raw`shop\,bank`, ['shop', 'bank'], 'delivery'],
  ])(
    'grants nothing but what is in no namespace outside of the namespaces it watches: %s',
    (value, namespaces, lease) => {
      const manifests = render(`namespace=${value}`);
      expect(grants(find(manifests, 'ClusterRole', 'serin-delivery'))).toEqual(clusterGrants);
      expect(find(manifests, 'ClusterRole', 'serin')).toBeUndefined();
      const roles = manifests.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === 'serin');
      expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(namespaces);
      for (const role of roles) {
        expect(grants(role)).toEqual(workGrants.toSorted());
      }
      expect(find(manifests, 'Role', 'serin-leader-election')?.metadata.namespace).toBe(lease);
      expect(controllerOf(manifests).template.spec.containers[0].args).toEqual(
        expect.arrayContaining([`-namespace=${namespaces.join(',')}`, `-leader-election-namespace=${lease}`]),
      );
    },
  );

  it('lets those who may edit a namespace command its Canaries, and those who may view it see that', () => {
    const manifests = render();
    const give = find(manifests, 'ClusterRole', 'serin-delivery-commands-give');
    const view = find(manifests, 'ClusterRole', 'serin-delivery-commands-view');
    expect(grants(give)).toEqual(['serin.dev/canarycommands: create get list watch delete']);
    expect(grants(view)).toEqual([`serin.dev/canarycommands: ${READ}`]);
    const aggregated = 'rbac.authorization.k8s.io/aggregate-to-';
    expect(give?.metadata['labels']).toMatchObject({
      [`${aggregated}admin`]: 'true',
      [`${aggregated}edit`]: 'true',
    });
    expect(view?.metadata['labels']).toMatchObject({ [`${aggregated}view`]: 'true' });
  });

  it.each([
    ['v1', ['v1', 'v1beta1']],
    ['v1beta1', ['v1beta1']],
  ])('stamps authors by a policy of %s where %p are served', (version, served) => {
    const manifests = render({ served });
    const policies = manifests.filter(({ kind }) => kind.startsWith('MutatingAdmissionPolicy'));
    expect(policies.map(({ kind, apiVersion }) => `${apiVersion} ${kind}`)).toEqual([
      `admissionregistration.k8s.io/${version} MutatingAdmissionPolicy`,
      `admissionregistration.k8s.io/${version} MutatingAdmissionPolicyBinding`,
    ]);
    const [policy, binding] = policies;
    expect(policy).toMatchObject({ spec: { failurePolicy: 'Fail' } });
    expect(binding).toMatchObject({ spec: { policyName: policy?.metadata.name } });
  });

  it('stamps no authors where it is told not to', () => {
    const manifests = render({ served: ['v1'] }, 'commands.stampAuthor=false');
    expect(manifests.filter(({ kind }) => kind.startsWith('Mutating'))).toEqual([]);
  });

  it('writes no Secrets and sees no ConfigMaps where config tracking is off', () => {
    const granted = grants(find(render('configTracking.enabled=false'), 'ClusterRole', 'serin'));
    expect(granted.filter((grant) => /secrets|configmaps/.test(grant))).toEqual(['core/secrets: get']);
  });

  it('binds every role to the ServiceAccount that the controller runs as', () => {
    const manifests = render('serviceAccount.name=robot');
    const bindings = manifests.filter(({ kind }) => kind.endsWith('RoleBinding'));
    expect(bindings).toHaveLength(2);
    for (const binding of bindings) {
      expect(binding).toMatchObject({
        subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'delivery' }],
      });
    }
    expect(find(manifests, 'Deployment', 'serin')).toMatchObject({
      spec: { template: { spec: { serviceAccountName: 'robot' } } },
    });
  });

  it('grants nothing where somebody else does', () => {
    const kinds = render('rbac.create=false', 'serviceAccount.create=false').map(({ kind }) => kind);
    expect(kinds).toEqual(['Deployment']);
  });

  it('runs one unprivileged container that is watched over HTTP', () => {
    const [container] = controllerOf(render()).template.spec.containers;
    expect(container).toMatchObject({
      image: expect.stringMatching(/^serin:\d+\.\d+\.\d+$/),
      args: expect.arrayContaining(['controller', '-port=8080', '-enable-leader-election=true']),
      ports: [{ name: 'http', containerPort: 8080 }],
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
      securityContext: {
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
  });

  it.each([
    ['meshProvider=contour', '-mesh-provider=contour'],
    ['concurrency=64', '-concurrency=64'],
    ['labelSelector=team=shop', '-label-selector=team=shop'],
    ['eventWebhook=http://hooks/?a=#b: c', '-event-webhook=http://hooks/?a=#b: c'],
    ['includeLabelPrefix=*', '-include-label-prefix=*'],
    ['noCrossNamespaceRefs=true', '-no-cross-namespace-refs=true'],
    ['extraArgs={-minimum-interval=5s}', '-minimum-interval=5s'],
  ])('%s becomes a flag', (value, flag) => {
    const without = controllerOf(render()).template.spec.containers[0].args;
    expect(parseSettings([...without.slice(1), flag], {}).warnings).toEqual([]);
    expect(controllerOf(render(value)).template.spec.containers[0].args.toSorted()).toEqual(
      [...without, flag].toSorted(),
    );
  });

  it('updates one after the other where nobody elects a leader', () => {
    const manifests = render('leaderElection.enabled=false');
    expect(controllerOf(manifests)).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(manifests.filter(({ kind }) => kind === 'Role')).toEqual([]);
  });

  it.each([
    ['a misspelt value', 'treadiness=3'],
    ['a value of the wrong type', 'logLevel=loud'],
    ['an unknown provider', 'meshProvider=istoi'],
    ['two replicas without a leader', 'leaderElection.enabled=false,leaderElection.replicaCount=2'],
  ])('is refused with %s', (_title, value) => {
    expect(() => render(value)).toThrow();
  });
});
