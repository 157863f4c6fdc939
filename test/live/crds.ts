// Puts CRDs onto the API server, all at once, and waits until they are served.
// Not here: the CRDs; they come with the sources of Contour and Traefik, from SERIN_TEST_CRDS, and from the caller.
// May import kube.ts and binaries.ts.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { KubeObject } from '../../src/model/kube.ts';
import { bundledCrdFolder } from './binaries.ts';
import { type Kube, parseObjects } from './kube.ts';

const kind = 'apiextensions.k8s.io/v1/CustomResourceDefinition';

/**
 * From the folder that SERIN_TEST_CRDS names, and the rest as the sources of Contour and Traefik have it; of what both have,
 * Traefik's, which needs the newer Gateway API.
 */
export async function tierBCrds(): Promise<KubeObject[]> {
  const files: string[] = [];
  for (const program of ['contour', 'traefik'] as const) {
    const bundled = await bundledCrdFolder(program);
    files.push(...(await readdir(bundled)).map((name) => join(bundled, name)));
  }
  const folder = process.env['SERIN_TEST_CRDS'];
  if (folder !== undefined) {
    const own = ['contour.yaml', 'gateway-api-standard.yaml', 'traefik.yaml'];
    files.push(...own.map((name) => join(folder, name)).filter(existsSync));
  }
  const byName = new Map<string, KubeObject>();
  for (const file of files) {
    for (const object of parseObjects(await readFile(file, 'utf8'))) byName.set(object.metadata.name, object);
  }
  return [...byName.values()].filter((object) => object.kind === 'CustomResourceDefinition');
}

/**
 * Of istiod and Envoy Gateway: those of their own sources. istiod goes without the kinds that are not about traffic; each of them
 * would cost a second.
 */
export async function tierCCrds(): Promise<KubeObject[]> {
  const folders = await Promise.all([bundledCrdFolder('istiod'), bundledCrdFolder('envoy-gateway')]);
  const objects: KubeObject[] = [];
  for (const folder of folders)
    for (const file of await readdir(folder))
      objects.push(...parseObjects(await readFile(join(folder, file), 'utf8')));
  return objects.filter(
    (object) =>
      object.kind === 'CustomResourceDefinition' &&
      (!object.metadata.name.endsWith('.istio.io') || object.metadata.name.endsWith('.networking.istio.io')),
  );
}

const Conditions = z.object({
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .default({ conditions: [] }),
});

export async function installCrds(kube: Kube, crds: readonly KubeObject[]): Promise<void> {
  await Promise.all(crds.map((crd) => kube.apply([crd])));
  await kube.waitFor('the CRDs to be established', async () => {
    const present = new Map((await kube.list(kind)).map((crd) => [crd.metadata.name, crd]));
    return crds.every((crd) =>
      Conditions.parse(present.get(crd.metadata.name) ?? {}).status.conditions.some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ),
    );
  });
}
