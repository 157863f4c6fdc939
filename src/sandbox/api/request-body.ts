// Request bodies: read whole, within the limit of a real server, and parsed.
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { ApiError, type Patch } from '../../cluster/cluster.ts';
import { strategicToMerge } from './strategic-patch.ts';
import { isKubeObject } from '../store/access.ts';
import type { DeleteOptions } from '../store/requests.ts';
import type { KubeObject } from '../../model/kube.ts';
import { badRequest, notImplemented, unprocessablePatch, unsupportedMediaType } from '../store/refusals.ts';

const limitBytes = 3 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > limitBytes) {
      throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
    }
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`${what}: ${error instanceof Error ? error.message : 'no JSON'}`);
  }
}

/** Throws a 415 for a body that is no JSON, such as the protobuf of `kubectl create`. */
export function objectOf(contentType: string | undefined, text: string): KubeObject {
  const [type = ''] = (contentType ?? 'application/json').split(';');
  if (type !== 'application/json') {
    const accepted = 'accepted media types include: application/json';
    throw unsupportedMediaType(`the body of the request was in an unknown format - ${accepted}`);
  }
  const object = parsed(text, 'the object provided is unrecognized');
  if (!isKubeObject(object)) throw badRequest('the object provided has no apiVersion, kind or metadata');
  return object;
}

const operationSchema = z.discriminatedUnion('op', [
  z.object({ op: z.enum(['add', 'replace', 'test']), path: z.string(), value: z.unknown() }),
  z.object({ op: z.literal('remove'), path: z.string() }),
]);
const mergeSchema = z.record(z.string(), z.unknown());

/** `current` only where a strategic merge patch fits. Throws a 400 or 422 for a patch that cannot be read, a 415 or 501 for a kind of patch that is not served. */
export function patchOf(contentType: string | undefined, text: string, current?: KubeObject): Patch {
  const type = (contentType ?? '').split(';')[0]?.trim() ?? '';
  switch (type) {
    case 'application/merge-patch+json':
      return { kind: 'merge', body: mergeBody(text) };
    case 'application/json-patch+json': {
      const list = z.array(z.unknown()).safeParse(parsed(text, 'error decoding patch'));
      if (!list.success) throw badRequest('error decoding patch: it must be a list of operations');
      const operations = z.array(operationSchema).safeParse(list.data);
      if (!operations.success) throw unprocessablePatch();
      return { kind: 'json', operations: operations.data };
    }
    case 'application/strategic-merge-patch+json':
      // Custom kinds have no strategy; a real server answers the same.
      if (current === undefined) throw unsupportedMediaType('415: Unsupported Media Type');
      return { kind: 'merge', body: strategicToMerge(current, mergeBody(text)) };
    case 'application/apply-patch+yaml':
    case 'application/apply-patch+cbor':
      throw notImplemented('server-side apply is not served by the sandbox');
    default:
      throw unsupportedMediaType('415: Unsupported Media Type');
  }
}

function mergeBody(text: string): Record<string, unknown> {
  const body = mergeSchema.safeParse(parsed(text, 'error decoding patch'));
  if (!body.success) throw badRequest('error decoding patch: it must be an object');
  return body.data;
}

const deleteSchema = z.object({
  propagationPolicy: z.enum(['Background', 'Foreground', 'Orphan']).nullish(),
  orphanDependents: z.boolean().nullish(),
  preconditions: z.object({ uid: z.string().nullish(), resourceVersion: z.string().nullish() }).nullish(),
  dryRun: z.array(z.string()).nullish(),
});

/** DeleteOptions come in the body, or as parameters. */
export function deleteOptionsOf(text: string, query: URLSearchParams): DeleteOptions {
  const body: unknown = text === '' ? {} : parsed(text, 'the delete options cannot be read');
  const options = deleteSchema.safeParse({
    propagationPolicy: query.get('propagationPolicy'),
    ...asObject(body),
  });
  if (!options.success)
    throw badRequest(`the delete options are not valid: ${z.prettifyError(options.error)}`);
  const { propagationPolicy, orphanDependents, preconditions, dryRun } = options.data;
  const propagation = propagationPolicy ?? (orphanDependents === true ? 'Orphan' : undefined);
  const { uid, resourceVersion } = preconditions ?? {};
  return {
    ...(propagation === undefined ? {} : { propagation }),
    ...(uid === undefined || uid === null ? {} : { uid }),
    ...(resourceVersion === undefined || resourceVersion === null ? {} : { resourceVersion }),
    dryRun: isDryRun(query) || dryRun?.includes('All') === true,
  };
}

export const isDryRun = (query: URLSearchParams): boolean => query.getAll('dryRun').includes('All');

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});
