// One request to the outside world and its reply, as plain data: adapters build the one and read the other, and
// observe/outgoing.ts is the only place that sends.

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** http or https, without user and password: those belong into a header. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** For the whole attempt: connecting, redirects, reading the body. */
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  readonly skipTlsVerify: boolean;
  /** Whether the proxy of the settings applies. */
  readonly useProxy: boolean;
}

/** Any status. `body` is cut at the sender's limit, and `truncated` says so. */
export interface HttpReply {
  readonly status: number;
  readonly body: string;
  readonly truncated: boolean;
  /** As the server wrote it: seconds or an HTTP date. */
  readonly retryAfter?: string;
}

/** Why no reply came. `certificate` and `redirects` end the same way however often they are tried. */
export type SendFailureKind =
  'connection' | 'timeout' | 'certificate' | 'redirects' | 'invalid' | 'cancelled';

export interface SendFailure {
  readonly failure: SendFailureKind;
  /** Names host and port, never path, query or credentials. */
  readonly message: string;
}

export type SendResult = HttpReply | SendFailure;

export function isReply(result: SendResult): result is HttpReply {
  return 'status' in result;
}
