// A metric provider describes one HTTP request and reads the reply; it holds no client, no clock, no secret. Sending,
// time-outs, retries and credentials are observe/'s, once for all. Imports api/ and model/ only; providers.ts lists them.
import type { HttpReply, HttpRequest } from '../model/http.ts';
import type { Measurement, UnavailableReason } from '../model/measurement.ts';

/** What to ask, with everything of the template resolved. */
export interface MetricQuery {
  /** The rendered query. */
  readonly text: string;
  /** Empty where the template names none: the provider may have a default. */
  readonly address: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly region: string;
  readonly skipTlsVerify: boolean;
  /** The metric's `interval`: providers that send a window derive it from this. */
  readonly intervalMs: number;
  readonly nowMs: number;
}

/** The keys of the Secret; undefined where the template names none. */
export type Credentials = Readonly<Record<string, string>> | undefined;

export interface CannotRequest {
  readonly ok: false;
  readonly reason: UnavailableReason;
  readonly message: string;
}

export type RequestResult = { readonly ok: true; readonly request: HttpRequest } | CannotRequest;

export interface MetricProvider {
  /** The value of `spec.provider.type`. */
  readonly type: string;
  request(query: MetricQuery, credentials: Credentials): RequestResult;
  /** Total: any status and any body is a measurement. */
  read(reply: HttpReply): Measurement;
}

export function cannotRequest(reason: UnavailableReason, message: string): CannotRequest {
  return { ok: false, reason, message };
}

/** A referenced Secret that lacks what the provider needs. */
export function missingKey(key: string, needed: string): CannotRequest {
  return cannotRequest('SecretKeyMissing', `the Secret lacks the key ${key}; needed: ${needed}`);
}
