// What comes of reading one route object: its rules, and the status that says what became of it. Pure.
import type { KubeObject } from '../model/kube.ts';
import type { Rule } from './route-table.ts';

export interface RouteReading {
  readonly rules: readonly Rule[];
  /** The whole `status`, with a time of transition nowhere. */
  readonly status: Readonly<Record<string, unknown>>;
}

type Verdict = readonly [type: string, status: 'True' | 'False', reason: string];

export function condition(
  { metadata }: KubeObject,
  [type, status, reason]: Verdict,
  message: string,
): Record<string, unknown> {
  return { type, status, reason, message, observedGeneration: metadata.generation ?? 1 };
}
