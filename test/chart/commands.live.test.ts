// Commands on a real API server: what the definition refuses, and that the chart's policy stamps their author. Runs where
// SERIN_TEST_APISERVER names a kubeconfig and SERIN_TEST_HELM a helm binary.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { connect } from '../../src/cluster/connect.ts';
import { objectOf, objectsOf } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { createAuthorCheck } from '../../src/observe/author.ts';
import { viewOfCommand } from '../../src/observe/command-view.ts';
import { poll } from '../live/processes.ts';

const { SERIN_TEST_APISERVER: kubeconfig, SERIN_TEST_HELM: helm } = process.env;
const described = kubeconfig === undefined || helm === undefined ? describe.skip : describe;

const NAMESPACE = 'default';
/** The name behind the token of `test/live/api-server.ts`. */
const USER = 'admin';
const { canaryCommands, customResourceDefinitions: definitions } = resources;
const admission = (plural: string, kind: string): Resource => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
const policyKinds = [
  admission('mutatingadmissionpolicies', 'MutatingAdmissionPolicy'),
  admission('mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding'),
];

const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** The policy and its binding, as the chart has them for a cluster that serves both. */
function policies(): readonly (readonly [Resource, KubeObject])[] {
  const chart = join(import.meta.dirname, '../../charts/serin');
  const served = 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy';
  const args = ['template', 'serin', chart, '--namespace', 'delivery', '--api-versions', served];
  const text = execFileSync(helm ?? '', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const objects = parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((object) => object !== null)
    .map((object) => Manifest.parse(object));
  return policyKinds.flatMap((resource) =>
    objects
      .filter(({ kind }) => kind === resource.kind)
      .map(
        ({ apiVersion, kind, metadata, ...rest }) =>
          [
            resource,
            { ...rest, apiVersion, kind, metadata: { name: metadata.name } } satisfies KubeObject,
          ] as const,
      ),
  );
}

const connection = kubeconfig === undefined ? undefined : connect({ kubeconfig, version: 'test' });

function api(): Cluster {
  if (connection === undefined) {
    throw new Error('SERIN_TEST_APISERVER is not set');
  }
  return connection.cluster;
}

const authorOf = (object: KubeObject): unknown => objectOf(object['spec'])['author'];

const remove = async (): Promise<void> => {
  for (const [resource, { metadata }] of policies()) {
    await api().delete(resource, { name: metadata.name });
  }
};

described('commands on an API server (SERIN_TEST_APISERVER, SERIN_TEST_HELM)', () => {
  let names = 0;

  const command = (spec: Readonly<Record<string, unknown>>): KubeObject => ({
    apiVersion: 'serin.dev/v1alpha1',
    kind: 'CanaryCommand',
    metadata: { name: `live-${process.pid}-${(names += 1)}`, namespace: NAMESPACE },
    spec: { canary: 'cart', verb: 'pause', ...spec },
  });
  const give = (spec: Readonly<Record<string, unknown>> = {}): Promise<KubeObject> =>
    api().create(canaryCommands, command(spec));

  beforeAll(async () => {
    await remove();
    const definition = customResourceDefinitions().find(({ spec }) => spec.names.kind === 'CanaryCommand');
    const name = definition?.metadata.name ?? '';
    if (definition !== undefined && (await api().get(definitions, { name })) === undefined) {
      await api().create(definitions, { ...definition });
    }
    await poll('the definition to be served', async () => {
      const live = await api().get(definitions, { name });
      const conditions = objectsOf(objectOf(live?.['status'])['conditions']);
      return (
        conditions.some(({ type, status }) => type === 'Established' && status === 'True') &&
        (await api().list(canaryCommands))
      );
    });
  }, 60_000);

  afterAll(async () => {
    await remove();
    for (const { metadata } of (await api().list(canaryCommands, { namespace: NAMESPACE })).items) {
      await api().delete(canaryCommands, { namespace: NAMESPACE, name: metadata.name });
    }
    await connection?.close();
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['an unknown verb', { verb: 'explode' }],
    ['a gate without approve', { gate: 'confirm-rollout' }],
    ['no Canary', { canary: '' }],
    ['a time that is none', { expiresAfter: 'soon' }],
  ])('are refused with %s', async (_title, spec) => {
    await expect(give(spec)).rejects.toMatchObject({ status: 422 });
  });

  it('are given an hour, and cannot be changed', async () => {
    const { metadata, spec } = await give({ reason: 'because' });
    expect(spec).toMatchObject({ expiresAfter: '1h', reason: 'because' });
    const change = api().patch(
      canaryCommands,
      { namespace: NAMESPACE, name: metadata.name },
      { kind: 'merge', body: { spec: { verb: 'promote' } } },
    );
    await expect(change).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('cannot be changed'),
    });
  });

  it('take an answer in their status, guarded by the version that was seen', async () => {
    const { metadata } = await give();
    const key = { namespace: NAMESPACE, name: metadata.name };
    const answer = (resourceVersion: string): Promise<KubeObject> =>
      api().patch(
        canaryCommands,
        key,
        {
          kind: 'merge',
          body: {
            metadata: { resourceVersion },
            status: { result: 'Done', author: 'ann', at: '2027-01-15T08:00:00.000Z' },
          },
        },
        { subresource: 'status' },
      );
    await expect(answer('1')).rejects.toMatchObject({ status: 409 });
    expect(objectOf((await answer(metadata.resourceVersion ?? ''))['status'])).toMatchObject({
      result: 'Done',
      author: 'ann',
    });
  });

  it('have an author that nobody believes, until the chart has its policy in force; then it is the one who asks', async () => {
    const before = await give({ author: 'eve' });
    expect(authorOf(before)).toBe('eve');
    const view = viewOfCommand(before);
    const views = view === undefined ? [] : [view];
    expect(views).toHaveLength(1);
    expect(await createAuthorCheck(api()).stamped(views)).toEqual(new Set());

    for (const [resource, object] of policies()) {
      await api().create(resource, object);
    }
    await poll('the policy to be in force', async () => {
      const dry = await api().create(canaryCommands, command({ author: 'eve' }), { dryRun: true });
      return authorOf(dry) === USER;
    });
    expect(authorOf(await give({ author: 'eve' }))).toBe(USER);
    expect(authorOf(await give())).toBe(USER);
    const after = viewOfCommand(await give({ author: 'eve' }));
    expect(await createAuthorCheck(api()).stamped(after === undefined ? [] : [after])).toEqual(
      new Set([after?.uid]),
    );
  }, 60_000);
});
