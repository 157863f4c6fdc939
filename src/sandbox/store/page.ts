// Lists in pages: every page of one list shows the state at the version of its first page.
import type { KubeObject } from '../../model/kube.ts';
import { badRequest } from './refusals.ts';
import type { Predicate } from './selector.ts';
import type { Table } from './table.ts';

export interface PageRequest {
  readonly limit?: number;
  readonly continueToken?: string;
  readonly matches: Predicate;
}

export interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  readonly continueToken?: string;
  /** How many come after this page. */
  readonly remaining: number;
}

/** Throws a 410 for a token from before the history, a 400 for one that is none. */
export function pageOf(
  table: Table,
  version: number,
  { limit = 0, continueToken, matches }: PageRequest,
): Page {
  const token = continueToken === undefined || continueToken === '' ? undefined : readToken(continueToken);
  const at = token?.version ?? version;
  const entries = token === undefined ? table.entries() : table.entriesAt(at);
  const rest = entries.filter(
    ([key, object]) => (token === undefined || key > token.after) && matches(object),
  );
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const remaining = rest.length - page.length;
  const last = page.at(-1)?.[0];
  return {
    items: page.map(([, object]) => object),
    resourceVersion: String(at),
    ...(remaining > 0 && last !== undefined ? { continueToken: writeToken(at, last) } : {}),
    remaining,
  };
}

const writeToken = (version: number, after: string): string =>
  Buffer.from(`${version} ${after}`).toString('base64url');

function readToken(token: string): { readonly version: number; readonly after: string } {
  const match = /^(\d+) (.+)$/.exec(Buffer.from(token, 'base64url').toString());
  if (match?.[1] === undefined || match[2] === undefined) throw badRequest('continue key is not valid');
  return { version: Number(match[1]), after: match[2] };
}
