import { describe, expect, it } from '@jest/globals';
import { schemaOfKind } from '../../src/api/crd.ts';
import { type Path, formatPath } from '../../src/api/problem.ts';
import type { StructuralSchema } from '../../src/api/structural-schema.ts';
import { admit, applyDefaults, dropNulls, prune, validate } from '../../src/sandbox/crd-schema.ts';

const open = { 'x-kubernetes-preserve-unknown-fields': true } as const;

function object(properties: Record<string, StructuralSchema>, rest: StructuralSchema = {}): StructuralSchema {
  return { type: 'object', properties, ...rest };
}

const text: StructuralSchema = { type: 'string' };

describe('prune', () => {
  const schema = object({
    metadata: { type: 'object' },
    spec: object({
      known: text,
      list: { type: 'array', items: object({ a: text }) },
      map: { type: 'object', additionalProperties: object({ a: text }) },
      open: object(
        { closed: object({ a: text }), list: { type: 'array', items: object({ a: text }) } },
        open,
      ),
      anything: open,
    }),
  });

  it('drops what the schema does not know, and says where', () => {
    const removed: Path[] = [];
    const kept = prune(
      schema,
      {
        apiVersion: 'v1',
        kind: 'Thing',
        metadata: { name: 'a', labels: { b: 'c' } },
        other: 1,
        spec: {
          known: 'x',
          foo: {},
          list: [{ a: '1', b: '2' }],
          map: { k: { a: '1', b: '2' } },
          anything: { a: { b: 1 } },
        },
      },
      removed,
    );
    expect(kept).toEqual({
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { name: 'a', labels: { b: 'c' } },
      spec: { known: 'x', list: [{ a: '1' }], map: { k: { a: '1' } }, anything: { a: { b: 1 } } },
    });
    expect(removed.map(formatPath)).toEqual(['other', 'spec.foo', 'spec.list[0].b', 'spec.map.k.b']);
  });

  it('keeps unknown fields where told so, but not below known ones', () => {
    const spec = { open: { foo: { bar: 1 }, closed: { a: '1', b: '2' }, list: [{ a: '1', b: '2' }] } };
    expect(prune(schema, { spec })).toEqual({
      spec: { open: { foo: { bar: 1 }, closed: { a: '1' }, list: [{ a: '1' }] } },
    });
  });

  it('leaves its input alone', () => {
    const input = Object.freeze({ spec: Object.freeze({ foo: 1 }) });
    expect(prune(schema, input)).toEqual({ spec: {} });
    expect(input).toEqual({ spec: { foo: 1 } });
  });
});

describe('nulls and defaults', () => {
  const schema = object({
    plain: text,
    nullable: { type: 'string', nullable: true, default: 'x' },
    defaulted: { type: 'string', default: 'x' },
    inner: object({ defaulted: { type: 'number', default: 1 } }),
    filled: object({ a: text }, { default: { a: 'b' } }),
    list: { type: 'array', items: object({ defaulted: { type: 'string', default: 'x' }, plain: text }) },
  });

  it('drops a null where it may not be and there is no default', () => {
    expect(
      dropNulls(schema, { plain: null, nullable: null, defaulted: null, list: [null, { plain: null }] }),
    ).toEqual({
      nullable: null,
      defaulted: null,
      list: [null, {}],
    });
  });

  it('fills in defaults, also for a null, but only in objects that are there', () => {
    expect(applyDefaults(schema, { defaulted: null, nullable: null, list: [{}] })).toEqual({
      defaulted: 'x',
      nullable: null,
      filled: { a: 'b' },
      list: [{ defaulted: 'x' }],
    });
    expect(applyDefaults(schema, { inner: {} })).toMatchObject({ inner: { defaulted: 1 }, nullable: 'x' });
  });
});

describe('validate', () => {
  it.each<[string, StructuralSchema, unknown, string[]]>([
    ['a type', object({ a: text }), { a: 1 }, ['a must be text, not a number']],
    [
      'a whole number',
      object({ a: { type: 'integer' } }),
      { a: 1.5 },
      ['a is 1.5, which is not a whole number'],
    ],
    ['a whole number that is whole', object({ a: { type: 'integer' } }), { a: 2 }, []],
    ['a number of any kind', object({ a: { type: 'number' } }), { a: 1.5 }, []],
    [
      'int32',
      object({ a: { type: 'integer', format: 'int32' } }),
      { a: 2 ** 31 },
      [`a is ${2 ** 31}, which is out of range`],
    ],
    ['an int or string', object({ a: { 'x-kubernetes-int-or-string': true } }), { a: 'http' }, []],
    [
      'a fraction for an int or string',
      object({ a: { 'x-kubernetes-int-or-string': true } }),
      { a: 1.5 },
      ['a must not be 1.5'],
    ],
    ['a null', object({ a: text }), { a: null }, ['a must be text, not nothing']],
    ['a null that may be', object({ a: { type: 'string', nullable: true } }), { a: null }, []],
    [
      'a null in a list',
      object({ a: { type: 'array', items: text } }),
      { a: [null] },
      ['a[0] must be text, not nothing'],
    ],
    ['a required field', object({ a: text }, { required: ['a', 'b'] }), {}, ['a is missing', 'b is missing']],
    [
      'an enum',
      object({ a: { type: 'string', enum: ['x', 'y'] } }),
      { a: 'z' },
      ['a is "z", which is not allowed'],
    ],
    [
      'a pattern, not anchored',
      object({ a: { type: 'string', pattern: '^[0-9]+(m|s)' } }),
      { a: '1mfoo' },
      [],
    ],
    [
      'a pattern',
      object({ a: { type: 'string', pattern: '^[a-c]+$' } }),
      { a: 'x' },
      ['a is "x", which is not text that matches ^[a-c]+$'],
    ],
    ['a length in characters', object({ a: { type: 'string', maxLength: 1 } }), { a: '😀' }, []],
    [
      'a length',
      object({ a: { type: 'string', minLength: 1, maxLength: 2 } }),
      { a: '' },
      ['a has 0 characters'],
    ],
    [
      'a range',
      object({ a: { type: 'number', minimum: 1, maximum: 2 } }),
      { a: 3 },
      ['a is 3, which is out of range'],
    ],
    [
      'an exclusive bound',
      object({ a: { type: 'number', minimum: 1, exclusiveMinimum: true } }),
      { a: 1 },
      ['a is 1, which is out of range'],
    ],
    [
      'a multiple',
      object({ a: { type: 'number', multipleOf: 2 } }),
      { a: 3 },
      ['a is 3, which is no multiple of 2'],
    ],
    [
      'a size',
      object({ a: { type: 'array', maxItems: 1, items: text } }),
      { a: ['', ''] },
      ['a has 2 entries'],
    ],
    [
      'a time',
      object({ a: { type: 'string', format: 'date-time' } }),
      { a: 'today' },
      ['a is "today", which is not a time such as 2026-01-31T12:00:00Z'],
    ],
    [
      'a good time',
      object({ a: { type: 'string', format: 'date-time' } }),
      { a: '2026-01-31T12:00:00.5+01:00' },
      [],
    ],
    ['an unknown format', object({ a: { type: 'string', format: 'url' } }), { a: 'no url' }, []],
    [
      'map values',
      { type: 'object', additionalProperties: text },
      { a: 1 },
      ['a must be text, not a number'],
    ],
    ['allOf', object({ a: text }, { allOf: [{ required: ['a'] }] }), {}, [' is missing']],
    [
      'not',
      object({ a: text }, { not: { required: ['a'] } }),
      { a: '' },
      [' has a form that is not allowed'],
    ],
    [
      'anyOf',
      object({ a: text, b: text }, { anyOf: [{ required: ['a'] }, { required: ['b'] }] }),
      {},
      [' needs one of a and b'],
    ],
    [
      'a set',
      { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
      ['a', 'b', 'a'],
      [' has two entries for "a"'],
    ],
    [
      'a list by keys',
      {
        type: 'array',
        items: object({ name: text }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      },
      [{ name: 'a' }, { name: 'a' }],
      [' has two entries for name "a"'],
    ],
    ['an open field', object({ a: open }), { a: [null, { b: 1 }] }, []],
  ])('%s', (_title, schema, value, messages) => {
    expect(validate(schema, value).map(({ path, message }) => `${path} ${message}`)).toEqual(messages);
  });
});

const service = (rest: object): object => ({ service: { port: 80, ...rest } });

describe('the Canary', () => {
  const schema = schemaOfKind('Canary')!;
  const sound = {
    targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
    service: { port: 80 },
    analysis: { interval: '1m', threshold: 5, stepWeight: 10 },
  };

  function problems(spec: object): string[] {
    return admit(schema, { spec: { ...sound, ...spec } }).problems.map(
      ({ path, message }) => `${path} ${message}`,
    );
  }

  const analysis = (rest: object): object => ({ analysis: { ...sound.analysis, ...rest } });
  const header = (matcher: object): object => service({ match: [{ headers: { h: matcher } }] });
  const balancer = (loadBalancer: object): object => service({ trafficPolicy: { loadBalancer } });

  it.each<[string, object, string[]]>([
    ['nothing special', {}, []],
    [
      'two strategies',
      analysis({ iterations: 5 }),
      ['spec.analysis has iterations and stepWeight, of which only one may be set'],
    ],
    [
      'no strategy',
      { analysis: { interval: '1m' } },
      ['spec.analysis needs threshold and one of iterations, stepWeight and stepWeights'],
    ],
    [
      'an interval in hours',
      analysis({ interval: '1h' }),
      ['spec.analysis.interval is "1h", which is not a duration in minutes or seconds, such as 30s or 1m30s'],
    ],
    ['an interval with more', analysis({ interval: '1m30s' }), []],
    [
      'a header matcher of two',
      header({ exact: 'a', prefix: 'b' }),
      ['spec.service.match[0].headers.h has exact and prefix, of which only one may be set'],
    ],
    ['a header matcher of none', header({}), []],
    [
      'an A/B header of none',
      analysis({ match: [{ headers: { h: {} } }] }),
      ['spec.analysis.match[0].headers.h needs one of exact, prefix, suffix and regex'],
    ],
    ['an A/B header by suffix', analysis({ match: [{ headers: { h: { suffix: 'a' } } }] }), []],
    [
      'a mirror without port',
      service({ mirror: [{ backendRef: { name: 'a' } }] }),
      ['spec.service.mirror[0].backendRef is refused: a Service needs a port'],
    ],
    [
      'a mirror of another kind',
      service({ mirror: [{ backendRef: { name: 'a', kind: 'Backend', group: 'x.y' } }] }),
      [],
    ],
    ['an empty mirror', service({ mirror: [{}] }), []],
    ['simple balancing', balancer({ simple: 'RANDOM' }), []],
    [
      'no balancing',
      balancer({}),
      ['spec.service.trafficPolicy.loadBalancer needs one of simple and consistentHash'],
    ],
    [
      'two balancings',
      balancer({ simple: 'RANDOM', consistentHash: { useSourceIp: true } }),
      ['spec.service.trafficPolicy.loadBalancer has simple and consistentHash, of which only one may be set'],
    ],
    [
      'two hashes',
      balancer({ consistentHash: { useSourceIp: true, httpHeaderName: 'h' } }),
      ['spec.service.trafficPolicy.loadBalancer has none of the forms that are allowed'],
    ],
    ['an unbounded port', service({ port: -1 }), []],
    ['fields of Serin, unseen', analysis({ steps: 'many', metrics: [{ name: 'a', dryRun: 7 }] }), []],
  ])('accepts and refuses as before: %s', (_title, spec, messages) => {
    expect(problems(spec)).toEqual(messages);
  });

  it('is accepted without a spec, as before', () => {
    expect(admit(schema, { apiVersion: 'flagger.app/v1beta1', kind: 'Canary' }).problems).toEqual([]);
  });

  it('keeps whatever is in the status but typed fields', () => {
    const status = { phase: 'Failed', lastTrackedRevision: { a: 1 }, run: { anything: [1] }, conditions: [] };
    expect(admit(schema, { status })).toEqual({ object: { status }, removed: [], problems: [] });
    expect(admit(schema, { status: { phase: 'Lost' } }).problems).toMatchObject([{ path: 'status.phase' }]);
  });

  it('fills in three defaults', () => {
    const { object: stored } = admit(schema, {
      spec: {
        ...sound,
        ...service({ gatewayRefs: [{ name: 'g' }] }),
        ...analysis({ sessionAffinity: { cookieName: 'c', maxAge: null } }),
      },
    });
    expect(stored).toMatchObject({
      spec: {
        service: { gatewayRefs: [{ name: 'g', group: 'gateway.networking.k8s.io', kind: 'Gateway' }] },
        analysis: { sessionAffinity: { cookieName: 'c', maxAge: 86_400 } },
      },
    });
  });
});
