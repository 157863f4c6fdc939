// A webhook as a request, and its reply as an answer. Pure: sending and waiting are observe/'s. Alert formats join this
// folder one file each. Imports api/ and model/ only.
import { excerpt } from '../model/excerpt.ts';
import type { HttpReply, HttpRequest, SendResult } from '../model/http.ts';
import { isReply } from '../model/http.ts';
import type { HookAnswer, HookQuestion } from '../model/question.ts';
import { msFromIso } from '../model/time.ts';

const MESSAGE_BYTES = 256;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const MAX_REDIRECTS = 10;

/** Keys in the order that receivers have always seen; `metadata` only where there is some. */
export function hookRequest(question: HookQuestion): HttpRequest {
  const { name, namespace, phase, checksum, metadata = {} } = question.payload;
  const { call } = question;
  const hasMetadata = Object.keys(metadata).length > 0;
  return {
    method: 'POST',
    url: question.url,
    headers: {
      'Content-Type': 'application/json',
      ...(call === undefined
        ? {}
        : {
            'Serin-Run': call.run,
            'Serin-Sequence': String(call.sequence),
            'Serin-Hook': call.hook,
          }),
    },
    body: JSON.stringify({ name, namespace, phase, checksum, ...(hasMetadata ? { metadata } : {}) }),
    timeoutMs: question.timeoutMs,
    maxRedirects: MAX_REDIRECTS,
    skipTlsVerify: question.disableTls,
    // Whoever switched verification off reaches a receiver inside; the proxy has never been used for those.
    useProxy: !question.disableTls,
  };
}

/**
 * How long to wait before the next attempt, in milliseconds; undefined: this result is final. `attempt` counts from 0.
 * Connection errors, time-outs, 429 and 5xx except 501 are tried again after 1 s, 2 s, 4 s … 30 s; a `Retry-After` on
 * 429 and 503 replaces that wait, up to the same 30 s.
 */
export function retryWaitMs(attempt: number, result: SendResult, nowMs: number): number | undefined {
  const backOffMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  if (!isReply(result)) {
    return result.failure === 'connection' || result.failure === 'timeout' ? backOffMs : undefined;
  }
  const { status, retryAfter } = result;
  if (status !== 429 && (status < 500 || status === 501)) {
    return undefined;
  }
  const askedMs = status === 429 || status === 503 ? retryAfterMs(retryAfter, nowMs) : undefined;
  return askedMs === undefined ? backOffMs : Math.min(LONGEST_WAIT_MS, askedMs);
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  if (/^\s*\d+\s*$/.test(text)) {
    return Number(text) * 1000;
  }
  // The reader of dates knows this form as well; 0 stands for what is no date.
  const atMs = msFromIso(text);
  return atMs === 0 ? undefined : Math.max(0, atMs - nowMs);
}

/** What the last attempt means. `attempts` counts all of them. */
export function readHookResult(question: HookQuestion, result: SendResult, attempts: number): HookAnswer {
  if (isReply(result)) {
    return readReply(question, result, attempts);
  }
  const reason = result.failure === 'timeout' ? 'HookTimedOut' : 'HookUnreachable';
  const message = `${result.message}${triedText(attempts)}`;
  return { kind: 'hook', outcome: 'unreachable', reason, message: excerpt(message, MESSAGE_BYTES) };
}

function readReply({ url }: HookQuestion, { status, body }: HttpReply, attempts: number): HookAnswer {
  if (status >= 200 && status <= 299) {
    return { kind: 'hook', outcome: 'passed', reason: 'HookPassed', message: '' };
  }
  const said = excerpt(body, MESSAGE_BYTES);
  if (status >= 400 && status <= 499 && status !== 429) {
    const message = said === '' ? `status ${status}` : said;
    return { kind: 'hook', outcome: 'denied', reason: 'HookDenied', message };
  }
  const what = `POST ${withoutQuery(url)} answered ${status}${triedText(attempts)}`;
  const message = excerpt(said === '' ? what : `${what}: ${said}`, MESSAGE_BYTES);
  return { kind: 'hook', outcome: 'denied', reason: 'HookError', message };
}

function triedText(attempts: number): string {
  return attempts > 1 ? ` (${attempts} attempts)` : '';
}

/** Queries and user names of webhook addresses hold tokens. */
function withoutQuery(url: string): string {
  if (!URL.canParse(url)) {
    return 'the webhook';
  }
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
