// What a request asks for, read from its method and URL.
import { badRequest, methodNotAllowed, notServed } from '../store/refusals.ts';

type ApiVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request about objects. */
export interface ResourceRoute {
  readonly verb: ApiVerb;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly query: URLSearchParams;
}

/** Everything else: discovery, health, version. The path has no slash at its end. */
export interface OtherRoute {
  readonly path: string;
}

/** Throws a 404 or 405 for a path or method that no API server has. */
export function routeOf(method: string, url: string): ResourceRoute | OtherRoute {
  const { pathname, searchParams: query } = new URL(url, 'http://sandbox');
  const path = pathname.replace(/\/+$/, '');
  const parts = path.split('/').slice(1).map(decoded);
  const [root, ...rest] = parts;
  const isCore = root === 'api' && rest.length >= 2;
  const isGroup = root === 'apis' && rest.length >= 3;
  if (!isCore && !isGroup) return { path };
  const [group = '', version = '', ...where] = isCore ? ['', ...rest] : rest;
  const place = placeOf(where);
  const verb = verbOf(method, place.name !== undefined, isTrue(query.get('watch')));
  return { verb, group, version, ...place, query };
}

export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the path cannot be read: ${part}`);
  }
}

type Place = Pick<ResourceRoute, 'plural' | 'namespace' | 'name' | 'subresource'>;

/** `/namespaces/x` is the Namespace itself, `/namespaces/x/pods` its pods, `/namespaces/x/status` a subresource. */
function placeOf(parts: readonly string[]): Place {
  const [first, namespace, third] = parts;
  const inNamespace =
    first === 'namespaces' &&
    namespace !== undefined &&
    third !== undefined &&
    !['status', 'finalize'].includes(third);
  const [plural = '', name, subresource, ...more] = inNamespace ? parts.slice(2) : parts;
  if (plural === '' || more.length > 0) throw notServed();
  return {
    plural,
    ...(inNamespace ? { namespace } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function verbOf(method: string, named: boolean, watched: boolean): ApiVerb {
  const verbs: Readonly<Record<string, ApiVerb>> = named
    ? { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
    : { GET: watched ? 'watch' : 'list', POST: 'create', DELETE: 'deletecollection' };
  const verb = verbs[method];
  if (verb === undefined) throw methodNotAllowed();
  return verb;
}
