// Who wrote an object, and when: what the API server notes in `metadata.managedFields`. It is evidence of what happened while
// Serin was not there. Imports the shapes of JSON and time only.
import { isJsonObject, objectsOf } from './json.ts';
import type { ObjectMeta } from './kube.ts';
import { msFromIso } from './time.ts';

/** By what name Serin's writes are noted. */
export const FIELD_MANAGER = 'serin';

export interface ForeignWriter {
  readonly manager: string;
  /** RFC 3339. */
  readonly at: string;
}

interface Entry {
  readonly manager: string;
  readonly time: string;
  readonly subresource: string;
  readonly fields: unknown;
}

/**
 * The controller other than Serin that wrote the status last. People are none: what is written by kubectl says nothing about
 * what goes on by itself.
 */
export function foreignStatusWriter(metadata: ObjectMeta): ForeignWriter | undefined {
  const [latest] = entriesOf(metadata)
    .filter(({ subresource, manager }) => subresource === 'status' && !isOurs(manager) && !isPerson(manager))
    .toSorted((a, b) => msFromIso(b.time) - msFromIso(a.time));
  return latest === undefined ? undefined : { manager: latest.manager, at: latest.time };
}

/**
 * When one of the managers that have a say in the field at `path` last changed something of theirs: never earlier than the
 * field was set. A removal that sets nothing leaves no trace here.
 */
export function lastSetAt(metadata: ObjectMeta, path: readonly string[]): string | undefined {
  return latestOf(
    entriesOf(metadata)
      .filter(({ subresource, fields }) => subresource === '' && owns(fields, path))
      .map(({ time }) => time),
  );
}

/** The latest of some times, whatever their precision; undefined where there is none. */
export function latestOf(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined && msFromIso(time) > 0)
    .toSorted((a = '', b = '') => msFromIso(b) - msFromIso(a))[0];
}

function isOurs(manager: string): boolean {
  return manager === FIELD_MANAGER;
}

function isPerson(manager: string): boolean {
  return manager.startsWith('kubectl');
}

function owns(fields: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) {
    return true;
  }
  return isJsonObject(fields) && `f:${first}` in fields && owns(fields[`f:${first}`], rest);
}

function entriesOf(metadata: ObjectMeta): Entry[] {
  return objectsOf(metadata['managedFields']).flatMap((entry) => {
    const { manager, time, subresource = '', fieldsV1 } = entry;
    return typeof manager === 'string' && typeof time === 'string' && typeof subresource === 'string'
      ? [{ manager, time, subresource, fields: fieldsV1 }]
      : [];
  });
}
