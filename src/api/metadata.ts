// The metadata every object carries, as far as Serin reads it.
import { z } from 'zod';
import { TextMap, optional } from './field.ts';

const OwnerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.exactOptional(z.boolean()),
  blockOwnerDeletion: z.exactOptional(z.boolean()),
});

/** Keys that are not listed survive. `namespace` has the value that the API server would fill in. */
export const Metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().default('default'),
  uid: optional(z.string(), 'Set by the API server.'),
  resourceVersion: optional(z.string(), 'Set by the API server.'),
  generation: optional(z.number(), 'Set by the API server; grows with every change of the spec.'),
  creationTimestamp: optional(z.string(), 'Set by the API server.'),
  deletionTimestamp: optional(z.string(), 'Set by the API server.'),
  labels: optional(TextMap, 'Labels.'),
  annotations: optional(TextMap, 'Annotations.'),
  finalizers: optional(z.array(z.string()), 'Finalizers.'),
  ownerReferences: optional(z.array(OwnerReference), 'Owners.'),
});
export type Metadata = z.infer<typeof Metadata>;
