// The generated CRDs on a real API server, beside the ones whose behaviour they keep: each under a group of its own, so
// that nothing else on the server is touched. Runs where SERIN_TEST_APISERVER names a kubeconfig; the comparison also
// needs SERIN_TEST_CRDS and SERIN_TEST_CORPUS. Objects are created with dryRun=All.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Agent, request } from 'undici';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { customResourceDefinitions, schemaOfKind } from '../../src/api/crd.ts';
import { resources } from '../../src/model/kube.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';

const { SERIN_TEST_APISERVER: kubeconfig, SERIN_TEST_CRDS: crds, SERIN_TEST_CORPUS: corpus } = process.env;
const described = kubeconfig === undefined ? describe.skip : describe;
const describedWithData = crds === undefined || corpus === undefined ? describe.skip : describe;

const OURS = 'ours.serin.test';
const THEIRS = 'theirs.serin.test';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

type Json = Record<string, unknown>;
type Send = (
  method: string,
  url: string,
  body?: unknown,
  accept?: string,
) => Promise<{ status: number; body: Json }>;

const Kubeconfig = z.object({
  clusters: z.array(
    z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }),
  ),
  users: z.array(z.object({ user: z.object({ token: z.string() }) })),
});

function connect(path: string): { readonly send: Send; readonly close: () => Promise<void> } {
  const { clusters, users } = Kubeconfig.parse(parse(readFileSync(path, 'utf8')));
  const { server, 'certificate-authority-data': ca } = clusters[0]!.cluster;
  const agent = new Agent({ connect: { ca: Buffer.from(ca, 'base64').toString() } });
  const send: Send = async (method, url, body, accept = 'application/json') => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const reply = await request(`${server}${url}`, {
      method,
      dispatcher: agent,
      headers: { authorization: `Bearer ${users[0]!.user.token}`, 'content-type': type, accept },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return {
      status: reply.statusCode,
      body: z.record(z.string(), z.unknown()).parse(await reply.body.json()),
    };
  };
  return { send, close: () => agent.close() };
}

const connection = kubeconfig === undefined ? undefined : connect(kubeconfig);

const send: Send = (...args) => {
  if (connection === undefined) {
    throw new Error('SERIN_TEST_APISERVER is not set');
  }
  return connection.send(...args);
};

const Definition = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ group: z.string() }),
});

/** A CRD under another group. */
function moved(crd: unknown, group: string): z.infer<typeof Definition> {
  const { metadata, spec, ...rest } = Definition.parse(crd);
  return { ...rest, metadata: { name: metadata.name.replace(spec.group, group) }, spec: { ...spec, group } };
}

const Conditions = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() }),
});

async function install(crd: z.infer<typeof Definition>): Promise<void> {
  const { name } = crd.metadata;
  const { status, body } = await send('POST', CRDS, crd);
  expect({ name, status, message: body['message'] }).toEqual({ name, status: 201, message: undefined });
  for (;;) {
    const { conditions } = Conditions.parse((await send('GET', `${CRDS}/${name}`)).body).status;
    const isTrue = (type: string): boolean =>
      (conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');
    expect(isTrue('NonStructuralSchema')).toBe(false);
    if (isTrue('Established')) {
      return;
    }
  }
}

/** Commands are Serin's own: there is nothing to compare them with. */
const definitions = customResourceDefinitions().filter(({ spec }) => spec.group === resources.canaries.group);

const plurals: ReadonlyMap<unknown, string> = new Map(
  definitions.map(({ spec: { names } }) => [names.kind, names.plural]),
);

const pathOf = (group: string, kind: unknown): string =>
  `/apis/${group}/v1beta1/namespaces/default/${plurals.get(kind)}`;

/** A definition is served a moment after it is Established; the server answers within milliseconds. */
async function awaitServed(group: string): Promise<void> {
  for (const kind of plurals.keys()) {
    while ((await send('GET', pathOf(group, kind))).status !== 200);
  }
}

/** What the server would store, or why it would not. */
async function create(group: string, object: Json): Promise<{ spec?: unknown; refused?: string }> {
  const url = `${pathOf(group, object['kind'])}?dryRun=All`;
  const { status, body } = await send('POST', url, { ...object, apiVersion: `${group}/v1beta1` });
  expect([201, 400, 422]).toContain(status);
  return status === 201 ? { spec: body['spec'] } : { refused: String(body['message']) };
}

/** Both definitions must do the same, and the sandbox what the server does. True if the object is accepted. */
async function compare(object: Json): Promise<boolean> {
  const [ours, theirs] = await Promise.all([create(OURS, object), create(THEIRS, object)]);
  const accepted = ours.refused === undefined;
  expect({ object, accepted, spec: ours.spec }).toEqual({
    object,
    accepted: theirs.refused === undefined,
    spec: theirs.spec,
  });
  const sandbox = admit(schemaOfKind(String(object['kind'])) ?? {}, object);
  if (accepted) {
    expect(sandbox).toMatchObject({
      problems: [],
      object: ours.spec === undefined ? {} : { spec: ours.spec },
    });
    expect(z.object({ spec: z.unknown() }).parse(sandbox.object).spec).toEqual(ours.spec);
  } else if (!ours.refused?.includes('metadata.name')) {
    expect({ object, why: ours.refused, problems: sandbox.problems.length }).not.toMatchObject({
      problems: 0,
    });
  }
  return accepted;
}

described('the CRDs on an API server (SERIN_TEST_APISERVER)', () => {
  const installed: string[] = [];

  beforeAll(async () => {
    const theirs =
      crds === undefined ? [] : parseAllDocuments(readFileSync(join(crds, 'flagger.yaml'), 'utf8'));
    for (const crd of [
      ...definitions.map((each) => moved(each, OURS)),
      ...theirs.map((document) => moved(document.toJS(), THEIRS)),
    ]) {
      installed.push(crd.metadata.name);
      await install(crd);
    }
    await awaitServed(OURS);
    if (theirs.length > 0) {
      await awaitServed(THEIRS);
    }
  }, 60_000);

  afterAll(async () => {
    for (const name of installed) {
      await send('DELETE', `${CRDS}/${name}`);
    }
    await connection?.close();
  });

  it('keep a status as it was written, and print Ready and its message', async () => {
    const url = pathOf(OURS, 'Canary');
    const canary = {
      apiVersion: `${OURS}/v1beta1`,
      kind: 'Canary',
      metadata: { name: 'podinfo' },
      spec: {
        targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' },
        analysis: {
          interval: '1m',
          threshold: 5,
          stepWeight: 10,
          baseline: true,
          steps: [{ weight: 5, pause: {} }],
        },
      },
    };
    const status = {
      phase: 'Progressing',
      canaryWeight: 10,
      run: { id: 'a', plan: { weights: [10, 20] }, fromTheFuture: true },
      rounds: [{ seq: 1 }],
      fromTheFuture: { a: [1] },
      conditions: [
        {
          type: 'Ready',
          status: 'Unknown',
          reason: 'AwaitingRound',
          message: 'until noon',
          observedGeneration: 1,
        },
      ],
    };
    expect((await send('POST', url, canary)).body).toMatchObject({ spec: canary.spec });
    expect((await send('PATCH', `${url}/podinfo/status`, { status })).body).toMatchObject({ status });
    const { columnDefinitions, rows } = z
      .object({
        columnDefinitions: z.array(z.object({ name: z.string(), priority: z.number() })),
        rows: z.array(z.object({ cells: z.array(z.unknown()) })),
      })
      .parse((await send('GET', `${url}/podinfo`, undefined, TABLE)).body);
    const shown = columnDefinitions.flatMap(({ name, priority }, index) =>
      priority === 0 ? [[name, rows[0]?.cells[index]]] : [],
    );
    expect(shown).toEqual([
      ['Name', 'podinfo'],
      ['Status', 'Progressing'],
      ['Weight', '10'],
      ['LastTransitionTime', null],
      ['Ready', 'Unknown'],
      ['Message', 'until noon'],
    ]);
    expect((await send('DELETE', `${url}/podinfo`)).status).toBe(200);
  });

  describedWithData('with public manifests (SERIN_TEST_CRDS, SERIN_TEST_CORPUS)', () => {
    const folder = corpus ?? '.';
    const names = readdirSync(folder).filter((name) => /^(refused-)?\w+-\d+\.yaml$/.test(name));

    function read(name: string): Json {
      const text = readFileSync(join(folder, name), 'utf8');
      const [document] = parseAllDocuments(text, { uniqueKeys: false });
      const { metadata, ...object } = z
        .looseObject({ metadata: z.looseObject({}).nullish() })
        .parse(document?.toJS());
      return { ...object, metadata: { ...metadata, namespace: 'default' } };
    }

    it('accept, refuse, prune and default them as before', async () => {
      expect(names.length).toBeGreaterThan(300);
      for (const name of names) {
        const accepted = await compare(read(name));
        expect({ name, accepted }).toEqual({ name, accepted: !name.startsWith('refused-') });
      }
    }, 120_000);

    it('accept, refuse, prune and default changed ones as before', async () => {
      const change = fc.record({
        name: fc.constantFrom(...names),
        place: fc.nat(),
        value: fc.constantFrom<unknown>(...values),
        add: fc.boolean(),
      });
      const changes = fc.sample(change, { numRuns: 500, seed: 20_261_121 });
      let accepted = 0;
      for (const { name, place, value, add } of changes) {
        const object = read(name);
        const places = placesIn(object['spec']);
        places[place % places.length]?.(structuredClone(value), add);
        accepted += (await compare(object)) ? 1 : 0;
      }
      // Both answers must be common, or little has been compared.
      expect(accepted).toBeGreaterThan(changes.length / 5);
      expect(accepted).toBeLessThan((changes.length * 4) / 5);
    }, 300_000);
  });
});

const values = [
  null,
  true,
  '',
  'x',
  '5m',
  '1h',
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 33,
  [],
  [null],
  ['x'],
  {},
  { exact: 'a', prefix: 'b' },
  { a: null },
];

type Change = (value: unknown, add: boolean) => void;

/** A function for every place in a value: puts another value there, or adds a field beside it. */
function placesIn(holder: unknown): Change[] {
  if (typeof holder !== 'object' || holder === null) {
    return [];
  }
  return Object.entries(holder).flatMap(([key, child]): Change[] => [
    (value, add) => {
      Reflect.set(holder, add && !Array.isArray(holder) ? `${key}Extra` : key, value);
    },
    ...placesIn(child),
  ]);
}
