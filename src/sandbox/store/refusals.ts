// What a Kubernetes API server answers instead of doing what it was asked, in its words.
import { ApiError } from '../../cluster/cluster.ts';
import type { Resource } from '../../model/kube.ts';

/** One finding of validation: where, and what is wrong in the server's words (`Invalid value: …`, `Required value: …`). */
export interface Finding {
  readonly path: string;
  readonly message: string;
}

const plural = ({ plural: name, group }: Resource): string => (group === '' ? name : `${name}.${group}`);

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');

export const forbidden = (resource: Resource, name: string, why: string): ApiError =>
  new ApiError(403, 'Forbidden', `${plural(resource)} "${name}" is forbidden: ${why}`);

export const notFound = (resource: Resource, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${plural(resource)} "${name}" not found`);

/** The kind, its version or its subresource is not served. */
export const notServed = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource');

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

export const alreadyExists = (resource: Resource, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${plural(resource)} "${name}" already exists`);

export const conflict = (resource: Resource, name: string, why: string): ApiError =>
  new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${plural(resource)} "${name}": ${why}`);

export const stale = (resource: Resource, name: string): ApiError =>
  conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message);

export const unsupportedMediaType = (message: string): ApiError =>
  new ApiError(415, 'UnsupportedMediaType', message);

export function invalid(resource: Resource, name: string, findings: readonly Finding[]): ApiError {
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const texts = findings.map(({ path, message }) => `${path}: ${message}`);
  const text = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${text}`);
}

/** What the server does not take for the client's fault; its Status carries no reason. */
export const internal = (message: string): ApiError => new ApiError(500, 'Unknown', message);

/** A patch that turns the object into something that cannot be read as its kind. */
export const unreadablePatch = (why: string): ApiError =>
  new ApiError(422, 'Invalid', ` "" is invalid: patch: Invalid value: ${why}`);

/** A JSON patch whose operations do not fit the object; the real server's message is this general too. */
export const unprocessablePatch = (): ApiError =>
  new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request');

export const notImplemented = (message: string): ApiError => new ApiError(501, 'NotImplemented', message);
