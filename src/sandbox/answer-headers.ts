// What a route does to the headers of answers on their way back. Pure.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

interface Header {
  readonly name: string;
  readonly value: string;
}

export interface HeaderChange {
  readonly add: readonly Header[];
  readonly set: readonly Header[];
  readonly remove: readonly string[];
}

/** The headers after each change in turn. A cookie stands in a header of its own; other values of one header are joined. */
export function changedHeaders(
  headers: IncomingHttpHeaders,
  changes: readonly HeaderChange[],
): OutgoingHttpHeaders {
  const changed: Record<string, OutgoingHttpHeaders[string]> = { ...headers };
  for (const { add, set, remove } of changes) {
    for (const name of remove) {
      delete changed[name.toLowerCase()];
    }
    for (const { name, value } of set) {
      changed[name.toLowerCase()] = value;
    }
    for (const { name, value } of add) {
      const key = name.toLowerCase();
      const before = [changed[key] ?? []].flat().map(String);
      changed[key] = key === 'set-cookie' ? [...before, value] : [...before, value].join(', ');
    }
  }
  return changed;
}
