// A real Prometheus that scrapes the gateways and the pods every two seconds.
// Not here: the queries.
// May import the files of this folder.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import type { Gateway } from './gateway.ts';
import { poll, type Processes, type Running } from './processes.ts';

export interface PrometheusOptions {
  readonly binary: string;
  readonly gateways: readonly Pick<Gateway, 'stats' | 'metricsPath'>[];
  /** HTTP service discovery of the pods. */
  readonly podTargetsUrl: string;
}

export interface Prometheus {
  readonly url: string;
  /** The process, so that a story can take it away; `restart` brings it back with the same data. */
  readonly running: () => Running;
  readonly restart: () => Promise<void>;
}

const address = '127.0.0.1:9090';
export const prometheusUrl = `http://${address}`;

export async function startPrometheus(processes: Processes, options: PrometheusOptions): Promise<Prometheus> {
  const { binary, gateways, podTargetsUrl } = options;
  const config = join(processes.folder, 'prometheus.yaml');
  const scrapes = [
    { job_name: 'gateways', static_configs: gateways.map(scraped) },
    { job_name: 'pods', http_sd_configs: [{ url: podTargetsUrl, refresh_interval: '2s' }] },
  ];
  const global = { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '2s' };
  await writeFile(config, JSON.stringify({ global, scrape_configs: scrapes }));
  const data = join(processes.folder, 'prometheus');
  const flags = [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${address}`];
  let running: Running;
  const begin = async () => {
    running = processes.start({ name: 'prometheus', command: [binary, ...flags] });
    await poll('Prometheus', () => ready(), { abort: processes.check, logPath: running.logPath });
  };
  await begin();
  return { url: prometheusUrl, running: () => running, restart: begin };
}

/** Prometheus itself leaves out a target that it has already. */
function scraped({ stats, metricsPath = '/stats/prometheus' }: Pick<Gateway, 'stats' | 'metricsPath'>) {
  return { targets: [stats], labels: { __metrics_path__: metricsPath } };
}

async function ready(): Promise<boolean> {
  const { statusCode, body } = await request(`${prometheusUrl}/-/ready`);
  await body.dump();
  return statusCode === 200;
}

const Answer = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An instant query of vectors. */
export async function queryPrometheus(query: string): Promise<PrometheusSample[]> {
  const { body } = await request(
    `${prometheusUrl}/api/v1/query?${new URLSearchParams({ query }).toString()}`,
  );
  const { data } = Answer.parse(await body.json());
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}
