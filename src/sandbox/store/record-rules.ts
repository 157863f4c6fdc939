// What the server checks and fills in of objects that only keep something: configs, secrets, leases, events.
import type { KubeObject } from '../../model/kube.ts';
import { equalJson, isEmpty, isJson, objectAt } from './json.ts';
import type { Draft } from './kind.ts';
import type { Finding } from './refusals.ts';

export const required = (path: string): Finding => ({ path, message: 'Required value' });

export const shown = (value: unknown): string => JSON.stringify(value);

export function unchanged(field: string, { object, previous }: Draft): readonly Finding[] {
  if (previous === undefined) return [];
  const path = field.split('.');
  const read = (from: KubeObject): unknown =>
    path.reduce<unknown>((value, key) => (isJson(value) ? value[key] : undefined), from);
  if (equalJson(read(object), read(previous))) return [];
  return [{ path: field, message: `Invalid value: ${shown(read(object))}: field is immutable` }];
}

/** Values are texts; a Secret's are encoded. */
export function malformedConfig(config: KubeObject): string | undefined {
  const wrong = ['data', 'binaryData', 'stringData'].find((field) =>
    Object.values(objectAt(config, field)).some((value) => typeof value !== 'string'),
  );
  const unencoded =
    config.kind === 'Secret' && Object.values(objectAt(config, 'data')).some((value) => !isBase64(value));
  if (unencoded) return 'illegal base64 data';
  return wrong === undefined
    ? undefined
    : `cannot unmarshal into Go struct field ${config.kind}.${wrong} of type string`;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const isBase64 = (value: unknown): boolean => typeof value === 'string' && base64.test(value);

export function checkRevision(draft: Draft): readonly Finding[] {
  const { revision } = draft.object;
  const message = `Invalid value: ${shown(revision)}: must be greater than or equal to 0`;
  const wrong = typeof revision !== 'number' || revision < 0 ? [{ path: 'revision', message }] : [];
  return [...wrong, ...unchanged('data', draft)];
}

export function checkConfig(draft: Draft): readonly Finding[] {
  const { object, previous } = draft;
  const keys = ['data', 'binaryData'].flatMap((field) =>
    Object.keys(objectAt(object, field))
      .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
      .map((key) => ({
        path: `${field}[${key}]`,
        message: `Invalid value: "${key}": a valid config key must consist of alphanumeric characters, '-', '_' or '.'`,
      })),
  );
  const typeFindings = [...keys, ...unchanged('type', draft)];
  if (previous?.['immutable'] !== true) return typeFindings;
  const frozen = ['immutable', 'data', 'binaryData'].filter(
    (field) => !equalJson(object[field], previous[field]),
  );
  const message = 'Forbidden: field is immutable when `immutable` is set';
  return [...typeFindings, ...frozen.map((path) => ({ path, message }))];
}

export function completeSecret({ object }: Draft): KubeObject {
  const { stringData, ...secret } = object;
  const typed = { ...secret, type: secret['type'] ?? 'Opaque' };
  if (!isJson(stringData)) return typed;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  return { ...typed, data: { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) } };
}

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

function badTime(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && microTime.test(value))) return undefined;
  return `parsing time ${shown(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`;
}

export const malformedEvent = (event: KubeObject): string | undefined => badTime(event['eventTime']);

export const malformedLease = (lease: KubeObject): string | undefined =>
  badTime(objectAt(lease, 'spec')['acquireTime']) ?? badTime(objectAt(lease, 'spec')['renewTime']);

export function checkLease({ object }: Draft): readonly Finding[] {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = objectAt(object, 'spec');
  return [
    ...(typeof duration === 'number' && duration <= 0
      ? [{ path: 'spec.leaseDurationSeconds', message: `Invalid value: ${duration}: must be greater than 0` }]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [
          {
            path: 'spec.leaseTransitions',
            message: `Invalid value: ${transitions}: must be greater than or equal to 0`,
          },
        ]
      : []),
  ];
}

export const eventFields = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'series',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
];

export function checkEvent({ object }: Draft): readonly Finding[] {
  const about = objectAt(object, 'involvedObject')['namespace'];
  const own = object.metadata.namespace;
  // An event about something without a namespace lives in `default`.
  if (about === own || (isEmpty(about) && own === 'default')) return [];
  const message = `Invalid value: "${typeof about === 'string' ? about : ''}": does not match event.namespace`;
  return [{ path: 'involvedObject.namespace', message }];
}
