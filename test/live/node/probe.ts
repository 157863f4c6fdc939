// Readiness probes over real HTTP.
// Not here: which there are (pod.ts) and how often (kubelet.ts).
// May import undici and app.ts.
import { request } from 'undici';
import { probeAgent } from './app.ts';

/** True if every URL answers below 400 within a second. */
export async function allReady(urls: readonly string[]): Promise<boolean> {
  for (const url of urls) {
    try {
      const { statusCode, body } = await request(url, {
        headers: { 'user-agent': probeAgent },
        headersTimeout: 1000,
      });
      await body.dump();
      if (statusCode >= 400) return false;
    } catch {
      return false;
    }
  }
  return true;
}
