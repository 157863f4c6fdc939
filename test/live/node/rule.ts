// The wire format of a fault put on running pods, shared by the node and its callers.
// Imports zod only.
import { z } from 'zod';

export const FaultRule = z.object({
  namespace: z.string(),
  /** Only pods of this image tag. */
  version: z.string().optional(),
  /** Only pods whose name starts so. */
  podPrefix: z.string().optional(),
  /** Words as in fault.ts; empty makes the pods healthy, whatever their tag says. */
  fault: z.string(),
});
export type FaultRule = z.infer<typeof FaultRule>;
