import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Listener } from '../../src/sandbox/listener.ts';
import { startPrometheus } from '../../src/sandbox/prometheus.ts';
import { Samples } from '../../src/sandbox/samples.ts';

describe('the query endpoint', () => {
  let prometheus: Listener;
  const startMs = Date.now();

  beforeAll(async () => {
    const samples = new Samples(startMs - 2000);
    samples.add('requests', { pod: 'a' }, 30);
    samples.scrape(startMs - 1000);
    prometheus = await startPrometheus({ samples, scrapeEveryMs: 3_600_000 });
  });

  afterAll(() => prometheus.stop());

  const ask = async (
    init: RequestInit & { search?: Record<string, string> } = {},
  ): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(
      `${prometheus.url}/api/v1/query?${new URLSearchParams(init.search).toString()}`,
      init,
    );
    return { status: response.status, body: await response.json() };
  };

  it('answers a GET with a vector of texts', async () => {
    const search = { query: 'sum by (pod) (increase(requests[10m]))', time: String(startMs / 1000) };
    expect(await ask({ search })).toEqual({
      status: 200,
      body: {
        status: 'success',
        data: { resultType: 'vector', result: [{ metric: { pod: 'a' }, value: [startMs / 1000, '30'] }] },
      },
    });
  });

  it('answers a POSTed form, at the present time by default', async () => {
    const reply = await ask({ method: 'POST', body: new URLSearchParams({ query: 'vector(1)' }) });
    expect(reply).toMatchObject({
      status: 200,
      body: { data: { resultType: 'vector', result: [{ metric: {}, value: [expect.any(Number), '1'] }] } },
    });
  });

  it.each([
    ['1 / 0', '+Inf'],
    ['-1 / 0', '-Inf'],
    ['0 / 0', 'NaN'],
  ])('spells %s as %s', async (query, expected) => {
    const { body } = await ask({ search: { query } });
    expect(body).toMatchObject({ data: { resultType: 'scalar', result: [expect.any(Number), expected] } });
  });

  it('takes an RFC 3339 time, and finds nothing before the first sample', async () => {
    const search = { query: 'sum(rate(requests[1m]))', time: '2020-01-01T00:00:00Z' };
    expect(await ask({ search })).toMatchObject({ status: 200, body: { data: { result: [] } } });
  });

  it.each([
    ['what it does not speak', { query: 'topk(3, requests)' }, 422],
    ['no query', {}, 422],
    ['a time that is none', { query: '1', time: 'soon' }, 400],
  ])('refuses %s as Prometheus refuses', async (_title, form, status) => {
    const reply = await ask({ method: 'POST', body: new URLSearchParams(form) });
    expect(reply).toEqual({
      status,
      body: { status: 'error', errorType: 'bad_data', error: expect.any(String) },
    });
  });

  it('refuses other methods, has no other paths, and is healthy', async () => {
    expect((await ask({ method: 'DELETE' })).status).toBe(405);
    expect((await fetch(`${prometheus.url}/api/v1/query_range`)).status).toBe(404);
    expect((await fetch(`${prometheus.url}/-/healthy`)).status).toBe(200);
  });
});
