// The kind MetricTemplate: a query against a metrics provider.
import { z } from 'zod';
import { Text, TextList, object, optional } from './field.ts';
import { Metadata } from './metadata.ts';
import { SecretRef } from './reference.ts';

const metricProviderTypes = [
  'prometheus',
  'influxdb',
  'datadog',
  'externalmetrics',
  'stackdriver',
  'cloudwatch',
  'newrelic',
  'graphite',
  'dynatrace',
  'keptn',
  'splunk',
] as const;

const MetricTemplateProvider = object({
  type: z.enum(metricProviderTypes).describe('Kind of the provider.'),
  address: optional(Text, 'Address of its API.'),
  headers: optional(z.record(z.string(), TextList), 'Prometheus: headers to send along.'),
  secretRef: optional(SecretRef, 'The Secret with the credentials, in the namespace of the template.'),
  region: optional(Text, 'CloudWatch: the region.'),
  insecureSkipVerify: optional(z.boolean(), 'Do not verify the certificate of the provider.'),
});
export type MetricTemplateProvider = z.infer<typeof MetricTemplateProvider>;

export const MetricTemplateSpec = object({
  provider: MetricTemplateProvider.describe('Whom to ask.'),
  query: Text.describe('What to ask; a template that yields one number.'),
});
export type MetricTemplateSpec = z.infer<typeof MetricTemplateSpec>;

export const MetricTemplate = object({
  apiVersion: z.literal('flagger.app/v1beta1'),
  kind: z.literal('MetricTemplate'),
  metadata: Metadata,
  spec: MetricTemplateSpec,
});
export type MetricTemplate = z.infer<typeof MetricTemplate>;
