// The address of a provider, as people write it, made ready for paths to be appended.
import type { CannotRequest } from './provider.ts';
import { cannotRequest } from './provider.ts';

export type Address =
  | {
      readonly ok: true;
      /** Scheme, host, port and path prefix; no slash at its end, no query, no user, no password. */
      readonly base: string;
      /** The Authorization header that user and password in the address stand for; empty where there are none. */
      readonly basic: string;
    }
  | CannotRequest;

export function readAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    return cannotRequest('InvalidAddress', 'the address must be an http or https URL with a host');
  }
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  if (url.username === '') {
    return { ok: true, base, basic: '' };
  }
  const pair = `${decode(url.username)}:${decode(url.password)}`;
  return { ok: true, base, basic: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
