import { describe, expect, it } from '@jest/globals';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

const web = { canary: 'web', namespace: 'shop', target: 'frontend', kind: 'Deployment' };
const fixture = () => createMetrics({ version: '1.2.3', meshProvider: 'istio', processMetrics: false });

/** The samples of one metric: `{labels} value`. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  return (await metrics.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim());
}

const whose = 'name="frontend",namespace="shop",canary="web",kind="Deployment"';

describe("Flagger's metrics", () => {
  it('keep their names and labels', async () => {
    const metrics = fixture();
    metrics.canaryTotals(new Map([['shop', 3]]));
    metrics.canaryWeight(web, { primary: 80, canary: 20 });
    metrics.metricAnalysis(web, 'request-duration', 0.25);
    metrics.canaryDuration(web, 120);
    metrics.success(web, { strategy: 'canary', analysis: 'completed' });
    metrics.failure(web, { strategy: 'blue-green', analysis: 'skipped' });
    expect(await samples(metrics, 'flagger_info')).toEqual(['{version="1.2.3",mesh_provider="istio"} 1']);
    expect(await samples(metrics, 'flagger_canary_total')).toEqual(['{namespace="shop"} 3']);
    expect(await samples(metrics, 'flagger_canary_weight')).toEqual([
      '{workload="frontend-primary",namespace="shop",canary="web",kind="Deployment"} 80',
      '{workload="frontend",namespace="shop",canary="web",kind="Deployment"} 20',
    ]);
    expect(await samples(metrics, 'flagger_canary_metric_analysis')).toEqual([
      `{${whose},metric="request-duration"} 0.25`,
    ]);
    expect(await samples(metrics, 'flagger_canary_duration_seconds_sum')).toEqual([`{${whose}} 0.12`]);
    expect(await samples(metrics, 'flagger_canary_duration_seconds_bucket')).toContain(
      `{le="0.25",${whose}} 1`,
    );
    expect(await samples(metrics, 'flagger_canary_successes_total')).toEqual([
      `{${whose},deployment_strategy="canary",analysis_status="completed"} 1`,
    ]);
    expect(await samples(metrics, 'flagger_canary_failures_total')).toEqual([
      `{${whose},deployment_strategy="blue-green",analysis_status="skipped"} 1`,
    ]);
  });

  it.each([
    ['Progressing', 0],
    ['Failed', 2],
    ['Succeeded', 1],
    ['Waiting', 1],
    ['Initializing', 1],
  ])('phase %s is status %i', async (phase, value) => {
    const metrics = fixture();
    metrics.canaryStatus(web, phase);
    expect(await samples(metrics, 'flagger_canary_status')).toEqual([`{${whose}} ${String(value)}`]);
  });

  it('a phase says when it began, and only the phase of now', async () => {
    const metrics = fixture();
    metrics.canaryStatus(web, 'Progressing', 5000);
    metrics.canaryStatus(web, 'Promoting', 9000);
    expect(await samples(metrics, 'serin_canary_phase_start_timestamp_seconds')).toEqual([
      '{canary="web",namespace="shop",phase="Promoting"} 9',
    ]);
  });

  it('forget a Canary that is gone, and no other; a namespace without Canaries too', async () => {
    const metrics = fixture();
    const other = { ...web, canary: 'other' };
    for (const one of [web, other]) {
      metrics.canaryStatus(one, 'Failed', 1000);
      metrics.canaryWeight(one, { primary: 100, canary: 0 });
      metrics.metricAnalysis(one, 'errors', 1);
      metrics.canaryDuration(one, 5);
      metrics.success(one, { strategy: 'canary', analysis: 'completed' });
      metrics.failure(one, { strategy: 'canary', analysis: 'completed' });
    }
    metrics.canaryTotals(new Map([['shop', 2]]));
    metrics.canaryTotals(new Map([['else', 1]]));
    metrics.forget(web);
    const text = await metrics.text();
    expect(text).not.toContain('canary="web"');
    expect(text.match(/canary="other"/g)).toHaveLength(1 + 1 + 2 + 1 + 14 + 2);
    expect(await samples(metrics, 'flagger_canary_total')).toEqual(['{namespace="else"} 1']);
    metrics.forget(web);
  });

  it("drop the old target's series when a Canary gets another", async () => {
    const metrics = fixture();
    metrics.canaryWeight(web, { primary: 50, canary: 50 });
    metrics.canaryWeight({ ...web, target: 'backend' }, { primary: 90, canary: 10 });
    expect((await samples(metrics, 'flagger_canary_weight')).join()).not.toContain('frontend');
  });
});

describe("Serin's metrics", () => {
  it('count requests, passes, calls and restarts, and read the queue when asked', async () => {
    const metrics = fixture();
    let depth = 1;
    metrics.observeQueue(() => ({ depth, delayed: 7, active: 2 }));
    depth = 5;
    metrics.leader(true);
    metrics.apiRequest({ verb: 'list', resource: 'services', status: 200, durationMs: 30 });
    metrics.apiRequest({ verb: 'list', resource: 'services', status: 'timeout', durationMs: 30_000 });
    metrics.pass({ outcome: 'done', durationMs: 3 });
    metrics.webhook({ type: 'rollout', outcome: 'refused', durationMs: 40 });
    metrics.provider({ provider: 'prometheus', outcome: 'noData', durationMs: 40 });
    metrics.watchRestart({ resource: 'services', reason: 'expired' });
    expect(await samples(metrics, 'serin_queue_depth')).toEqual(['5']);
    expect(await samples(metrics, 'serin_queue_delayed')).toEqual(['7']);
    expect(await samples(metrics, 'serin_leader')).toEqual(['1']);
    expect(await samples(metrics, 'serin_api_requests_total')).toEqual([
      '{verb="list",resource="services",status="200"} 1',
      '{verb="list",resource="services",status="timeout"} 1',
    ]);
    expect(await samples(metrics, 'serin_pass_duration_seconds_count')).toEqual(['{outcome="done"} 1']);
    expect(await samples(metrics, 'serin_webhook_duration_seconds_count')).toEqual([
      '{type="rollout",outcome="refused"} 1',
    ]);
    expect(await samples(metrics, 'serin_provider_duration_seconds_count')).toEqual([
      '{provider="prometheus",outcome="noData"} 1',
    ]);
    expect(await samples(metrics, 'serin_watch_restarts_total')).toEqual([
      '{resource="services",reason="expired"} 1',
    ]);
  });

  it('are those of one instance: two do not mix', async () => {
    const [a, b] = [fixture(), fixture()];
    a.leader(true);
    expect([await samples(a, 'serin_leader'), await samples(b, 'serin_leader')]).toEqual([['1'], ['0']]);
  });

  it('include those of the process', async () => {
    const text = await createMetrics({ version: 'x', meshProvider: 'y' }).text();
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });
});
