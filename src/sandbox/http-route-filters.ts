// The filters of an HTTPRoute that the sandbox's gateway knows: copies of requests, and headers of answers. Pure; may
// import zod.
import { z } from 'zod';
import type { HeaderChange } from './answer-headers.ts';

const headers = z.array(z.looseObject({ name: z.string(), value: z.string() })).default([]);

export const Filter = z.looseObject({
  type: z.string(),
  responseHeaderModifier: z
    .looseObject({ add: headers, set: headers, remove: z.array(z.string()).default([]) })
    .optional(),
  requestMirror: z
    .looseObject({
      backendRef: z.looseObject({
        name: z.string(),
        namespace: z.string().optional(),
        port: z.number().int().default(80),
      }),
      percent: z.number().min(0).max(100).default(100),
    })
    .optional(),
});
export type Filter = z.infer<typeof Filter>;

export function isKnown({ responseHeaderModifier, requestMirror }: Filter): boolean {
  return responseHeaderModifier !== undefined || requestMirror !== undefined;
}

export function headerChanges(filters: readonly Filter[]): readonly HeaderChange[] {
  return filters.flatMap(({ responseHeaderModifier }) => responseHeaderModifier ?? []);
}
