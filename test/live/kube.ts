// A small client of a Kubernetes API server for stories and for the pretend node: plain objects in, plain objects out.
// Not here: src/cluster, which is under test; knowledge of single kinds; watching (follow.ts).
// May import src/model/kube.ts, undici, yaml and zod.
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KubeObject } from '../../src/model/kube.ts';
import { poll } from './processes.ts';

/** How to reach an API server and as whom. Certificates are PEM. */
export interface Access {
  readonly server: string;
  readonly ca?: string | undefined;
  readonly token?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly rejectUnauthorized?: boolean;
}

/** `apiVersion/Kind`, for instance `apps/v1/Deployment` or `v1/Pod`. */
export type KindRef = string;

interface Target {
  readonly kind: KindRef;
  readonly namespace?: string | undefined;
  readonly name: string;
}

interface PatchOptions {
  /** `status`, `scale`, … */
  readonly subresource?: string;
  /** A merge patch, where nothing is said. */
  readonly contentType?: string;
}

export class KubeError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'KubeError';
    this.status = status;
  }
}

/** Every method rejects with KubeError for what the server refuses, unless it says otherwise. */
export interface Kube {
  /** One request; `body` goes as JSON, a JSON answer comes back parsed, another as text. */
  readonly request: (method: string, path: string, body?: unknown, contentType?: string) => Promise<unknown>;
  /** The lines of a long answer, as they come. */
  readonly lines: (path: string, signal: AbortSignal) => AsyncIterable<string>;
  /** The path of a collection or of an object, by discovery. */
  readonly pathOf: (kind: KindRef, namespace?: string, name?: string) => Promise<string>;
  /**
   * Creates or updates every object in order: server-side apply, forced, field manager `live`. A text may hold several
   * YAML documents. A namespaced object without a namespace goes to `default`.
   */
  readonly apply: (objects: string | readonly KubeObject[]) => Promise<KubeObject[]>;
  /** undefined where the server answers 404. */
  readonly get: (
    kind: KindRef,
    namespace: string | undefined,
    name: string,
  ) => Promise<KubeObject | undefined>;
  /** All of one namespace, or of the cluster where `namespace` is undefined. */
  readonly list: (kind: KindRef, namespace?: string, query?: Query) => Promise<KubeObject[]>;
  readonly create: (object: KubeObject) => Promise<KubeObject>;
  readonly patch: (target: Target, body: unknown, options?: PatchOptions) => Promise<KubeObject>;
  /** `body` is a DeleteOptions. Deleting what is gone is a success. */
  readonly delete: (target: Target, body?: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Polls until the predicate answers something other than undefined or false; the error names `description`. */
  readonly waitFor: <T>(
    description: string,
    predicate: () => Promise<T | undefined | false>,
    timeoutMs?: number,
  ) => Promise<T>;
  readonly close: () => Promise<void>;
}

type Query = Readonly<Record<string, string>>;

const mergePatchType = 'application/merge-patch+json';
export const strategicPatchType = 'application/strategic-merge-patch+json';
const applyPatchType = 'application/apply-patch+yaml';

const Discovery = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
const List = z.object({ items: z.array(z.record(z.string(), z.unknown())) });
const Status = z.object({ message: z.string() });

export function connectKube({ server, token, ...tls }: Access): Kube {
  const agent = new Agent({ connections: 16, connect: tls, headersTimeout: 30_000, bodyTimeout: 0 });
  const credentials: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const served = new Map<
    KindRef,
    { readonly root: string; readonly plural: string; readonly namespaced: boolean }
  >();

  const send: Kube['request'] = async (method, path, body, contentType = 'application/json') => {
    const { statusCode, body: reply } = await request(`${server}${path}`, {
      method,
      dispatcher: agent,
      headers: body === undefined ? credentials : { ...credentials, 'content-type': contentType },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await reply.text();
    if (statusCode >= 400)
      throw new KubeError(statusCode, `${method} ${path}: ${statusCode} ${messageOf(text)}`);
    return text.startsWith('{') ? JSON.parse(text) : text;
  };
  const sendForObject = async (...args: Parameters<typeof send>) => asObject(await send(...args));

  async function discover(kind: KindRef) {
    const apiVersion = apiVersionOf(kind);
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    for (const resource of Discovery.parse(await send('GET', root)).resources) {
      const { name: plural, kind: name, namespaced } = resource;
      if (!plural.includes('/')) served.set(`${apiVersion}/${name}`, { root, plural, namespaced });
    }
  }

  const pathOf: Kube['pathOf'] = async (kind, namespace, name) => {
    if (!served.has(kind)) await discover(kind);
    const found = served.get(kind);
    if (found === undefined) throw new KubeError(404, `the server has no kind ${kind}`);
    const inside = found.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
    return `${found.root}${inside}/${found.plural}${name === undefined ? '' : `/${name}`}`;
  };

  return {
    request: send,
    pathOf,
    async *lines(path, signal) {
      const { statusCode, body } = await request(`${server}${path}`, {
        dispatcher: agent,
        headers: credentials,
        signal,
      });
      if (statusCode !== 200)
        throw new KubeError(statusCode, `GET ${path}: ${statusCode} ${await body.text()}`);
      let rest = '';
      for await (const chunk of body.setEncoding('utf8')) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
    },
    async apply(objects) {
      const applied: KubeObject[] = [];
      for (const object of typeof objects === 'string' ? parseObjects(objects) : objects) {
        const { namespace = 'default', name } = object.metadata;
        const path = await pathOf(kindRefOf(object), namespace, name);
        applied.push(
          await sendForObject('PATCH', `${path}?fieldManager=live&force=true`, object, applyPatchType),
        );
      }
      return applied;
    },
    get: async (kind, namespace, name) =>
      orGone(async () => sendForObject('GET', await pathOf(kind, namespace, name))),
    async list(kind, namespace, query = {}) {
      const path = await pathOf(kind, namespace);
      const { items } = List.parse(await send('GET', `${path}?${new URLSearchParams(query).toString()}`));
      return items.map((item) => asObject({ ...item, apiVersion: apiVersionOf(kind), kind: nameOf(kind) }));
    },
    async create(object) {
      const path = await pathOf(kindRefOf(object), object.metadata.namespace ?? 'default');
      return sendForObject('POST', path, object);
    },
    async patch({ kind, namespace, name }, body, { subresource, contentType = mergePatchType } = {}) {
      const path = await pathOf(kind, namespace, name);
      return sendForObject(
        'PATCH',
        subresource === undefined ? path : `${path}/${subresource}`,
        body,
        contentType,
      );
    },
    async delete({ kind, namespace, name }, body) {
      await orGone(async () => send('DELETE', await pathOf(kind, namespace, name), body));
    },
    waitFor: (description, predicate, timeoutMs = 60_000) =>
      poll(description, predicate, { timeoutMs, everyMs: 200 }),
    close: () => agent.destroy(),
  };
}

export function apiVersionOf(kind: KindRef): string {
  return kind.slice(0, kind.lastIndexOf('/'));
}

export function nameOf(kind: KindRef): string {
  return kind.slice(kind.lastIndexOf('/') + 1);
}

function kindRefOf({ apiVersion, kind }: KubeObject): KindRef {
  return `${apiVersion}/${kind}`;
}

const AnyObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.custom<KubeObject['metadata']>((value) => z.looseObject({}).safeParse(value).success),
});

export function asObject(value: unknown): KubeObject {
  return AnyObject.parse(value);
}

/** The objects of a YAML text; empty documents are left out, Lists resolved. */
export function parseObjects(text: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    if (value === null) return [];
    const object = asObject(value);
    return object.kind === 'List' ? List.parse(value).items.map(asObject) : [object];
  });
}

async function orGone<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

function messageOf(text: string): string {
  try {
    return Status.parse(JSON.parse(text)).message;
  } catch {
    return text.slice(0, 300);
  }
}
