// The kind AlertProvider: a chat channel that news is sent to.
import { z } from 'zod';
import { Text, object, optional } from './field.ts';
import { Metadata } from './metadata.ts';
import { SecretRef } from './reference.ts';

const alertProviderTypes = ['slack', 'msteams', 'discord', 'rocket', 'gchat'] as const;

export const AlertProviderSpec = object({
  type: z.enum(alertProviderTypes).describe('Kind of the provider.'),
  address: optional(Text, 'Address of its incoming webhook. Either this or secretRef.'),
  secretRef: optional(
    SecretRef,
    'The Secret with the address, in the namespace of the provider. Either this or address.',
  ),
  channel: optional(Text, 'Channel to write to; general if left out.'),
  username: optional(Text, 'Name to write under; flagger if left out.'),
  proxy: optional(Text, 'HTTP proxy to go through.'),
}).meta({ oneOf: [{ required: ['type', 'address'] }, { required: ['type', 'secretRef'] }] });
export type AlertProviderSpec = z.infer<typeof AlertProviderSpec>;

export const AlertProvider = object({
  apiVersion: z.literal('flagger.app/v1beta1'),
  kind: z.literal('AlertProvider'),
  metadata: Metadata,
  spec: AlertProviderSpec,
});
export type AlertProvider = z.infer<typeof AlertProvider>;
