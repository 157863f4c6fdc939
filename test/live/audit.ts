// Reads the API server's audit log: who asked for what, and when.
// Not here: the policy that says what is logged (control-plane.ts).
// May import zod and node:*.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';

export interface AuditedRequest {
  /** When the server received it, ms since the epoch. */
  readonly atMs: number;
  /** For a ServiceAccount `system:serviceaccount:<namespace>:<name>`. */
  readonly user: string;
  readonly verb: string;
  /** Plural, with the subresource: `canaries/status`. The path, for requests of no resource (`/healthz`). */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly userAgent: string;
}

export interface AuditWindow {
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly user?: string;
}

const Line = z.object({
  stage: z.string(),
  verb: z.string(),
  requestURI: z.string(),
  user: z.object({ username: z.string() }),
  userAgent: z.string().default(''),
  objectRef: z
    .object({
      resource: z.string().default(''),
      subresource: z.string().optional(),
      namespace: z.string().default(''),
      name: z.string().default(''),
    })
    .optional(),
  responseStatus: z.object({ code: z.number().default(0) }).default({ code: 0 }),
  requestReceivedTimestamp: z.string(),
});

/** Each request once, a watch when it begins. The log is written before the answer, so nothing is missing. */
export async function readAudit(
  path: string,
  { fromMs = 0, toMs = Infinity, user }: AuditWindow = {},
): Promise<AuditedRequest[]> {
  const found: AuditedRequest[] = [];
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const line = parseLine(text);
    if (line === undefined) continue;
    const { verb, stage, objectRef } = line;
    if ((verb === 'watch') !== (stage === 'ResponseStarted')) continue;
    const atMs = Date.parse(line.requestReceivedTimestamp);
    if (atMs < fromMs || atMs >= toMs) continue;
    if (user !== undefined && line.user.username !== user) continue;
    const suffix = objectRef?.subresource === undefined ? '' : `/${objectRef.subresource}`;
    found.push({
      atMs,
      user: line.user.username,
      verb,
      resource: objectRef === undefined ? line.requestURI : `${objectRef.resource}${suffix}`,
      namespace: objectRef?.namespace ?? '',
      name: objectRef?.name ?? '',
      code: line.responseStatus.code,
      userAgent: line.userAgent,
    });
  }
  return found;
}

/** The last line may be half written. */
function parseLine(text: string): z.infer<typeof Line> | undefined {
  try {
    return Line.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Counts by `user verb resource`, most frequent first, for reports. */
export function countRequests(requests: readonly AuditedRequest[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { user, verb, resource } of requests) {
    const key = `${user} ${verb} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].sort(([, one], [, other]) => other - one));
}
