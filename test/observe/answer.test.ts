import { describe, expect, it } from '@jest/globals';
import type { Metric } from '../../src/api/analysis.ts';
import type { CanarySpec } from '../../src/api/canary.ts';
import type { MetricTemplate, MetricTemplateProvider } from '../../src/api/metric-template.ts';
import type { MeasuredCanary } from '../../src/measure/scope.ts';
import type { HttpReply, HttpRequest, SendResult } from '../../src/model/http.ts';
import type { Answer, HookQuestion, MetricQuestion, Question } from '../../src/model/question.ts';
import type { AnswererOptions } from '../../src/observe/answer.ts';
import { createAnswerer } from '../../src/observe/answer.ts';
import type { Clock } from '../../src/observe/clock.ts';

const spec: CanarySpec = {
  provider: 'contour',
  targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'podinfo' },
  analysis: {},
};
const canary: MeasuredCanary = { name: 'podinfo', namespace: 'test', spec };

const reply = (body: string, status = 200): HttpReply => ({ status, body, truncated: false });
const vector = (...values: string[]): HttpReply => {
  const result = values.map((value) => ({ metric: {}, value: [1, value] }));
  return reply(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
};
const refused: SendResult = {
  failure: 'connection',
  message: 'no connection to prometheus.test: ECONNREFUSED',
};

function metric(change: Partial<Metric> = {}): MetricQuestion {
  const key = `run/1/${JSON.stringify(change)}`;
  return { kind: 'metric', key, metric: { name: 'mine', query: 'up', ...change } };
}

function hook(change: Partial<HookQuestion> = {}): HookQuestion {
  return {
    kind: 'hook',
    key: 'run/1/hook',
    name: 'gate',
    type: 'rollout',
    url: 'http://gate.test/',
    timeoutMs: 1000,
    retries: 0,
    disableTls: false,
    payload: { name: 'podinfo', namespace: 'test', phase: 'Progressing', checksum: 'abc' },
    ...change,
  };
}

/** A clock that stands still; waits are over at once and written down, time-outs come when the test says. */
class StillClock implements Clock {
  readonly waitsMs: number[] = [];
  readonly #timeouts: AbortController[] = [];

  nowMs(): number {
    return 1_700_000_000_000;
  }

  async wait(durationMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.waitsMs.push(durationMs);
    await Promise.resolve();
  }

  timeout(): AbortSignal {
    const controller = new AbortController();
    this.#timeouts.push(controller);
    return controller.signal;
  }

  expire(): void {
    for (const controller of this.#timeouts) {
      controller.abort();
    }
  }
}

interface Bench {
  readonly answerer: ReturnType<typeof createAnswerer>;
  readonly clock: StillClock;
  readonly sent: HttpRequest[];
  /** Canary keys, as they were told of an answer. */
  readonly told: string[];
  /** Asks, and waits for the answer of each. */
  readonly ask: (...questions: Question[]) => Promise<Answer[]>;
}

type Replies = (request: HttpRequest, signal: AbortSignal) => SendResult | Promise<SendResult>;

function bench(replies: Replies, change: Partial<AnswererOptions> = {}): Bench {
  const clock = new StillClock();
  const sent: HttpRequest[] = [];
  const told: string[] = [];
  let wake: (() => void) | undefined;
  const answerer = createAnswerer({
    send: async (request, signal) => {
      sent.push(request);
      return await replies(request, signal);
    },
    template: () => undefined,
    secret: async () => await Promise.resolve(undefined),
    metricsServer: 'http://default.test:9090',
    defaultProvider: 'istio',
    refuseCrossNamespace: false,
    concurrency: 8,
    onAnswer: (key) => {
      told.push(key);
      wake?.();
    },
    clock,
    ...change,
  });
  return {
    answerer,
    clock,
    sent,
    told,
    ask: async (...questions) => {
      answerer.ask('test/podinfo', canary, questions);
      while (answerer.isAsking('test/podinfo')) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const answers = answerer.answers('test/podinfo');
      return questions.map((question) => answers[question.key] ?? { kind: 'metric', measurement: lost });
    },
  };
}

const lost = { kind: 'unavailable', reason: 'InternalError', message: 'the answer is missing' } as const;

/** A reply that comes when the test says, or is cancelled. */
function pending(): { replies: Replies; release: (result: SendResult) => void; aborted: () => boolean } {
  let resolve: ((result: SendResult) => void) | undefined;
  const promise = new Promise<SendResult>((settled) => {
    resolve = settled;
  });
  let seen: AbortSignal | undefined;
  return {
    replies: async (_request, signal) => {
      seen = signal;
      signal.addEventListener('abort', () => {
        resolve?.({ failure: 'cancelled', message: 'cancelled' });
      });
      return await promise;
    },
    release: (result) => {
      resolve?.(result);
    },
    aborted: () => seen?.aborted === true,
  };
}

/** Lets everything that can go on without the outside go on. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

function reasonOf(answer: Answer | undefined): string {
  if (answer === undefined) {
    return 'no answer';
  }
  if (answer.kind === 'hook') {
    return answer.reason;
  }
  return answer.measurement.kind === 'value'
    ? `value ${answer.measurement.value}`
    : answer.measurement.reason;
}

const template = (
  provider: Partial<MetricTemplateProvider>,
  query = 'up{app="{{ target }}"}',
): MetricTemplate => ({
  apiVersion: 'flagger.app/v1beta1',
  kind: 'MetricTemplate',
  metadata: { name: 'latency', namespace: 'metrics' },
  spec: { provider: { type: 'prometheus', address: 'http://tenant.test', ...provider }, query },
});

const templated = metric({
  name: 'latency',
  query: '',
  templateRef: { name: 'latency', namespace: 'metrics' },
});

function queryOf(request: HttpRequest | undefined): string | null {
  return new URL(request?.url ?? '').searchParams.get('query');
}

describe('a count of requests', () => {
  const requests = {
    kind: 'requests',
    key: 'run/1/requests:primary',
    subject: 'primary',
    windowMs: 30_000,
  } as const;

  it('is asked of the metrics server, about the side it is for', async () => {
    const { ask, sent } = bench(() => vector('812.5'));

    expect(await ask(requests)).toEqual([{ kind: 'metric', measurement: { kind: 'value', value: 812.5 } }]);
    expect(new URL(sent[0]?.url ?? '').searchParams.get('query')).toBe(
      'sum(increase(envoy_cluster_upstream_rq{envoy_cluster_name=~"test_podinfo-primary_[0-9a-zA-Z-]+"}[30s]))',
    );
  });

  it('has no fraction of a millisecond in its window', async () => {
    const { ask, sent } = bench(() => vector('1'));
    await ask({ ...requests, windowMs: 1500.4 });

    expect(new URL(sent[0]?.url ?? '').searchParams.get('query')).toContain('[1500ms]');
  });

  it('is nothing without series', async () => {
    const { ask } = bench(() => vector());

    expect((await ask(requests)).map(reasonOf)).toEqual(['NoSeries']);
  });
});

describe('a metric', () => {
  it('of a query is asked at the metrics server of the settings, or of the Canary', async () => {
    const { ask, sent, answerer } = bench(() => vector('42'));
    const [answer] = await ask(metric({ query: 'up{app="{{ target }}"}[{{ interval }}]' }));
    expect(answer).toEqual({ kind: 'metric', measurement: { kind: 'value', value: 42 } });
    expect(sent[0]?.url).toContain('http://default.test:9090/api/v1/query?');
    expect(queryOf(sent[0])).toBe('up{app="podinfo"}[1m]');
    answerer.ask('b', { ...canary, spec: { ...spec, metricsServer: 'http://own.test/p' } }, [metric()]);
    await settle();
    expect(sent[1]?.url).toContain('http://own.test/p/api/v1/query?');
  });

  it('that is built in follows the provider of the Canary, else that of the settings', async () => {
    const { ask, sent, answerer } = bench(() => vector('99'));
    await ask(metric({ name: 'request-duration', query: '' }));
    expect(queryOf(sent[0])).toContain('envoy_cluster_upstream_rq_time_bucket');
    const { provider: _provider, ...without } = spec;
    answerer.ask('b', { ...canary, spec: without }, [metric({ name: 'request-duration', query: '' })]);
    await settle();
    expect(queryOf(sent[1])).toContain('istio_request_duration_milliseconds_bucket');
  });

  it.each([
    ['some requests and none of them good', vector('3.5'), 'value 0'],
    ['no requests', vector(), 'NoSeries'],
    ['a rate of zero', vector('0'), 'NoSeries'],
    ['a provider that has gone since', refused, 'NoSeries'],
  ])('of the success rate with %s', async (_title, all, reason) => {
    const { ask, sent } = bench((request) =>
      queryOf(request)?.includes('/ sum(') === true ? vector() : all,
    );
    const [answer] = await ask(metric({ name: 'request-success-rate', query: '' }));
    expect(reasonOf(answer)).toBe(reason);
    expect(queryOf(sent[1])).toMatch(/^sum\(rate\(envoy_cluster_upstream_rq\{[^}]+\}\[1m\]\)\)$/);
  });

  it('of a template takes its address, headers and Secret, and the names of the Canary', async () => {
    const read: string[] = [];
    const { ask, sent } = bench(() => vector('1'), {
      template: (namespace, name) =>
        namespace === 'metrics' && name === 'latency'
          ? template({ headers: { 'X-Team': ['a'] }, secretRef: { name: 'token' }, insecureSkipVerify: true })
          : undefined,
      secret: async (namespace, name) => {
        read.push(`${namespace}/${name}`);
        return await Promise.resolve({ token: 'abc' });
      },
    });
    expect(reasonOf((await ask(templated))[0])).toBe('value 1');
    expect(read).toEqual(['metrics/token']);
    expect(queryOf(sent[0])).toBe('up{app="podinfo"}');
    expect(sent[0]).toMatchObject({
      headers: { 'X-Team': ['a'], Authorization: 'Bearer abc' },
      skipTlsVerify: true,
      timeoutMs: 5000,
    });
  });

  it.each<[string, string, Partial<AnswererOptions>, Question]>([
    ['TemplateNotFound', 'metrics/latency', {}, templated],
    [
      'CrossNamespaceRef',
      'metrics/latency',
      { refuseCrossNamespace: true, template: () => template({}) },
      templated,
    ],
    ['UnsupportedProvider', 'datadog', { template: () => template({ type: 'datadog' }) }, templated],
    ['InvalidAddress', 'http', { template: () => template({ address: '' }) }, templated],
    [
      'SecretNotFound',
      'metrics/token',
      { template: () => template({ secretRef: { name: 'token' } }) },
      templated,
    ],
    [
      'SecretKeyMissing',
      'password',
      {
        template: () => template({ secretRef: { name: 'token' } }),
        secret: async () => await Promise.resolve({ username: 'u' }),
      },
      templated,
    ],
    [
      'SecretUnreadable',
      'forbidden',
      {
        template: () => template({ secretRef: { name: 'token' } }),
        secret: async () => await Promise.reject(new Error('forbidden')),
      },
      templated,
    ],
    ['QueryNotRendered', 'line 1, column 4', { template: () => template({}, '{{ args.name }}') }, templated],
    ['QueryNotRendered', 'line 1, column 4', {}, metric({ query: '{{ .Interval }}' })],
    ['QueryNotRendered', '1min', {}, metric({ name: 'request-duration', query: '', interval: '1min' })],
    ['UnknownMetric', 'mine', {}, metric({ query: '' })],
    ['InvalidAddress', 'http', { metricsServer: 'prometheus' }, metric()],
    [
      'InternalError',
      'broken',
      {
        template: () => {
          throw new Error('broken');
        },
      },
      templated,
    ],
  ])('that cannot be asked is unavailable: %s names %s', async (...row) => {
    const [reason, named, change, question] = row;
    const { ask, sent } = bench(() => vector('1'), change);
    const [answer] = await ask(question);
    expect(reasonOf(answer)).toBe(reason);
    expect(JSON.stringify(answer)).toContain(named);
    expect(sent).toEqual([]);
  });

  it('says that no query set exists for a provider', async () => {
    const { answerer } = bench(() => vector('1'), { defaultProvider: 'crossover' });
    const { provider: _provider, ...without } = spec;
    const question = metric({ name: 'request-duration', query: '' });
    answerer.ask('b', { ...canary, spec: without }, [question]);
    await settle();
    expect(reasonOf(answerer.answers('b')[question.key])).toBe('UnsupportedProvider');
  });

  it.each<[string, SendResult]>([
    ['ConnectionFailed', refused],
    ['ConnectionFailed', { failure: 'certificate', message: 'not trusted' }],
    ['TimedOut', { failure: 'timeout', message: 'no reply' }],
    ['InvalidAddress', { failure: 'invalid', message: 'bad header' }],
    ['ProviderError', reply('upstream is down', 503)],
    ['AccessDenied', reply('', 401)],
    ['QueryRefused', reply('{"status":"error","error":"parse error"}', 400)],
    ['UnreadableReply', reply('<html>')],
    ['TooManySeries', vector('1', '2')],
    ['NoSeries', vector()],
    ['NotANumber', vector('NaN')],
  ])('has its own reason: %s', async (reason, result) => {
    const { ask } = bench(() => result);
    expect(reasonOf((await ask(metric()))[0])).toBe(reason);
  });

  it('is asked once more when the connection fails, because it may have been an old one', async () => {
    const results = [refused, vector('7')];
    const { ask, sent, clock } = bench(() => results.shift() ?? refused);
    expect(reasonOf((await ask(metric()))[0])).toBe('value 7');
    expect(sent).toHaveLength(2);
    expect(clock.waitsMs).toEqual([250]);
  });

  it.each<[string, Partial<AnswererOptions>, Question]>([
    ['the provider', {}, metric()],
    [
      'the Secret',
      {
        template: () => template({ secretRef: { name: 'token' } }),
        secret: async () => await new Promise(() => undefined),
      },
      templated,
    ],
  ])('ends at the deadline while it waits for %s', async (_title, change, question) => {
    const { answerer, clock } = bench(pending().replies, change);
    answerer.ask('a', canary, [question]);
    await settle();
    clock.expire();
    await settle();
    expect(reasonOf(answerer.answers('a')[question.key])).toBe('TimedOut');
  });
});

describe('a webhook', () => {
  it('is tried again, and the last result counts', async () => {
    const results: SendResult[] = [refused, { ...reply('busy', 503), retryAfter: '3' }, reply('', 204)];
    const { ask, clock, sent } = bench(() => results.shift() ?? refused);
    expect(reasonOf((await ask(hook({ retries: 5 })))[0])).toBe('HookPassed');
    expect(sent).toHaveLength(3);
    expect(clock.waitsMs).toEqual([1000, 3000]);
  });

  it.each<[string, SendResult, number, string]>([
    ['no retries', refused, 0, 'HookUnreachable'],
    ['as many as it has', refused, 2, 'HookUnreachable'],
    ['none after a denial', reply('Forbidden', 403), 5, 'HookDenied'],
  ])('is tried again: %s', async (...row) => {
    const [, result, retries, reason] = row;
    const { ask, sent } = bench(() => result);
    expect(reasonOf((await ask(hook({ retries })))[0])).toBe(reason);
    expect(sent).toHaveLength(reason === 'HookDenied' ? 1 : retries + 1);
  });

  it('can be delivered without a question', async () => {
    const { answerer, told } = bench(() => reply('', 200));
    expect(await answerer.deliver(hook())).toMatchObject({ outcome: 'passed' });
    expect([told, answerer.answers('test/podinfo')]).toEqual([[], {}]);
  });
});

describe('questions and answers', () => {
  it('are told to the Canary once each', async () => {
    const { ask, told } = bench((request) => (request.method === 'POST' ? reply('') : vector('1')));
    expect((await ask(metric(), hook())).map((answer) => reasonOf(answer))).toEqual([
      'value 1',
      'HookPassed',
    ]);
    expect(told).toEqual(['test/podinfo', 'test/podinfo']);
  });

  it('are reported once each', async () => {
    const reported: unknown[] = [];
    const { ask } = bench(() => vector('1'), { answered: (entry) => reported.push(entry) });
    const question = metric();
    const [answer] = await ask(question);
    expect(reported).toEqual([{ canaryKey: 'test/podinfo', question, answer, durationMs: 0 }]);
  });

  it('are sent once, under way and answered', async () => {
    const { replies, release } = pending();
    const { answerer, sent, ask } = bench(replies);
    answerer.ask('test/podinfo', canary, [hook()]);
    answerer.ask('test/podinfo', canary, [hook()]);
    await settle();
    expect([sent.length, answerer.answers('test/podinfo')]).toEqual([1, {}]);
    release(reply(''));
    await ask(hook());
    await ask(hook());
    expect(sent).toHaveLength(1);
  });

  it('belong to one Canary', async () => {
    const { answerer, sent } = bench(() => reply(''));
    answerer.ask('a', canary, [hook()]);
    answerer.ask('b', canary, [hook()]);
    await settle();
    answerer.keep('a', undefined);
    expect(sent).toHaveLength(2);
    expect(Object.keys(answerer.answers('a'))).toEqual([]);
    expect(Object.keys(answerer.answers('b'))).toEqual(['run/1/hook']);
  });

  it('of other rounds are dropped and cancelled', async () => {
    const old = pending();
    const { answerer, told } = bench((request, signal) =>
      request.url.includes('old') ? old.replies(request, signal) : reply(''),
    );
    answerer.ask('a', canary, [
      hook({ key: 'run/1/x', url: 'http://old.test/' }),
      hook({ key: 'run/1/y' }),
      hook({ key: 'run/2/x' }),
    ]);
    await settle();
    answerer.keep('a', 'run/2/');
    await settle();
    expect(old.aborted()).toBe(true);
    expect(Object.keys(answerer.answers('a'))).toEqual(['run/2/x']);
    expect([told.length, answerer.isAsking('a')]).toEqual([2, false]);
  });

  it('asked anew after they were dropped do not take the old answer', async () => {
    const first = pending();
    let calls = 0;
    const { answerer } = bench((request, signal) => {
      calls += 1;
      return calls === 1 ? first.replies(request, signal) : reply('no', 403);
    });
    answerer.ask('a', canary, [hook()]);
    await settle();
    answerer.keep('a', undefined);
    answerer.ask('a', canary, [hook()]);
    first.release(reply(''));
    await settle();
    expect(reasonOf(answerer.answers('a')['run/1/hook'])).toBe('HookDenied');
  });

  it('never go out more than so many at a time, hooks and metrics apart', async () => {
    const running = { GET: 0, POST: 0 };
    const most = { GET: 0, POST: 0 };
    const { answerer, sent } = bench(
      async ({ method }) => {
        running[method] += 1;
        most[method] = Math.max(most[method], running[method]);
        await settle();
        running[method] -= 1;
        return reply('', 204);
      },
      { concurrency: 2 },
    );
    const names = ['a', 'b', 'c', 'd', 'e'];
    answerer.ask(
      'x',
      canary,
      names.flatMap((name) => [hook({ key: name }), metric({ name })]),
    );
    while (answerer.isAsking('x')) {
      await settle();
    }
    expect(most).toEqual({ GET: 2, POST: 2 });
    expect(sent).toHaveLength(10);
  });

  it('stop when it closes', async () => {
    const { replies, aborted } = pending();
    const { answerer, sent, told } = bench(replies);
    answerer.ask('a', canary, [hook()]);
    await settle();
    answerer.close();
    answerer.ask('a', canary, [hook({ key: 'run/1/late' })]);
    await settle();
    expect([aborted(), sent.length, told]).toEqual([true, 1, []]);
  });
});
