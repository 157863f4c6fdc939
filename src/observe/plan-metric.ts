// What to ask for one metric or count of requests, whom, and with which credentials; or what is in the way. Nothing is sent here.
import type { Metric } from '../api/analysis.ts';
import { isBuiltin, metricInterval, providerOf } from '../api/defaults.ts';
import { parseDurationMs } from '../api/duration.ts';
import type { MetricTemplate, MetricTemplateProvider } from '../api/metric-template.ts';
import { sourceOf } from '../judge/source.ts';
import { builtinQuery, requestsQuery } from '../measure/built-in.ts';
import { renderQuery } from '../measure/go-template.ts';
import { prometheus } from '../measure/prometheus.ts';
import type { Credentials, MetricProvider, MetricQuery } from '../measure/provider.ts';
import { providerOfType } from '../measure/providers.ts';
import type { MeasuredCanary } from '../measure/scope.ts';
import { scopeOf } from '../measure/scope.ts';
import { excerpt } from '../model/excerpt.ts';
import type { Measurement } from '../model/measurement.ts';
import { unavailable } from '../model/measurement.ts';
import type { MetricQuestion, RequestsQuestion } from '../model/question.ts';
import type { Clock } from './clock.ts';

const MESSAGE_BYTES = 256;

export interface PlanOptions {
  readonly clock: Clock;
  readonly template: (namespace: string, name: string) => MetricTemplate | undefined;
  /** Reads one Secret by name; undefined where there is none. */
  readonly secret: (namespace: string, name: string) => Promise<Readonly<Record<string, string>> | undefined>;
  /** Prometheus of Canaries that name none. */
  readonly metricsServer: string;
  /** Provider of Canaries that name none. */
  readonly defaultProvider: string;
  /** `-no-cross-namespace-refs`. */
  readonly refuseCrossNamespace: boolean;
}

export interface MetricPlan {
  readonly provider: MetricProvider;
  readonly query: MetricQuery;
  readonly credentials: Credentials;
  /** See BuiltinQueries. */
  readonly allRequests?: string | undefined;
}

/** The plan, or the measurement that stands for what is in its way. Rejects only where `secret` does not settle. */
export async function planOf(
  options: PlanOptions,
  canary: MeasuredCanary,
  question: MetricQuestion | RequestsQuestion,
): Promise<MetricPlan | Measurement> {
  const { subject } = question;
  const measured = subject === undefined ? canary : { ...canary, subject };
  return question.kind === 'requests'
    ? planRequests(options, measured, question)
    : planMetric(options, measured, question.metric);
}

/** Always with the metrics server: the counters of a proxy are there, whatever else is measured elsewhere. */
function planRequests(
  options: PlanOptions,
  canary: MeasuredCanary,
  { windowMs }: RequestsQuestion,
): MetricPlan | Measurement {
  const provider = providerOf(canary.spec, options.defaultProvider);
  const metric = { name: 'requests', interval: rangeOf(windowMs) };
  const query = requestsQuery(provider, scopeOf(canary, metric));
  if (query === undefined) {
    return unavailable('UnsupportedProvider', `nothing counts the requests of provider ${provider}`);
  }
  return query.ok
    ? onMetricsServer(options, canary, metric, query.text)
    : unavailable('QueryNotRendered', query.message);
}

/** As Prometheus writes a duration, which has no fractions. */
function rangeOf(windowMs: number): string {
  const ms = Math.floor(windowMs);
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

async function planMetric(
  options: PlanOptions,
  canary: MeasuredCanary,
  metric: Metric,
): Promise<MetricPlan | Measurement> {
  switch (sourceOf(metric)) {
    case 'builtin':
      return planBuiltin(options, canary, metric);
    case 'query':
      return planQuery(options, canary, metric);
    case 'template':
      return await planTemplate(options, canary, metric);
    case 'unknown':
      return unavailable(
        'UnknownMetric',
        `${metric.name} is not built in, and has neither query nor templateRef`,
      );
  }
}

function planBuiltin(options: PlanOptions, canary: MeasuredCanary, metric: Metric): MetricPlan | Measurement {
  const provider = providerOf(canary.spec, options.defaultProvider);
  const built = isBuiltin(metric.name)
    ? builtinQuery(metric.name, provider, scopeOf(canary, metric))
    : undefined;
  if (built === undefined) {
    return unavailable('UnsupportedProvider', `${metric.name} is not built in for provider ${provider}`);
  }
  if (!built.ok) {
    return unavailable('QueryNotRendered', built.message);
  }
  return { ...onMetricsServer(options, canary, metric, built.text), allRequests: built.allRequests };
}

function planQuery(options: PlanOptions, canary: MeasuredCanary, metric: Metric): MetricPlan | Measurement {
  const rendered = renderQuery(metric.query ?? '', scopeOf(canary, metric));
  return rendered.ok
    ? onMetricsServer(options, canary, metric, rendered.text)
    : unavailable('QueryNotRendered', rendered.message);
}

async function planTemplate(
  options: PlanOptions,
  canary: MeasuredCanary,
  metric: Metric,
): Promise<MetricPlan | Measurement> {
  const found = findTemplate(options, canary, metric);
  if (found.kind === 'unavailable') {
    return found.measurement;
  }
  const { namespace, label, template } = found;
  const { provider: spec, query } = template.spec;
  const provider = providerOfType(spec.type);
  if (provider === undefined) {
    return unavailable('UnsupportedProvider', `${label} is of type ${spec.type}, which is not supported yet`);
  }
  const rendered = renderQuery(query, scopeOf(canary, metric));
  if (!rendered.ok) {
    return unavailable('QueryNotRendered', `${label}: ${rendered.message}`);
  }
  const credentials = await readCredentials(options, namespace, spec.secretRef?.name ?? '');
  return credentials.kind === 'unavailable'
    ? credentials.measurement
    : {
        provider,
        credentials: credentials.data,
        query: { ...connectionOf(spec), ...timesOf(options, metric), text: rendered.text },
      };
}

interface Unavailable {
  readonly kind: 'unavailable';
  readonly measurement: Measurement;
}

interface FoundTemplate {
  readonly kind: 'found';
  readonly namespace: string;
  /** For messages. */
  readonly label: string;
  readonly template: MetricTemplate;
}

function findTemplate(
  options: PlanOptions,
  canary: MeasuredCanary,
  { templateRef }: Metric,
): FoundTemplate | Unavailable {
  const name = templateRef?.name ?? '';
  const written = templateRef?.namespace ?? '';
  const namespace = written === '' ? canary.namespace : written;
  const label = `MetricTemplate ${namespace}/${name}`;
  if (options.refuseCrossNamespace && namespace !== canary.namespace) {
    const message = `${label} is in another namespace, and such references are switched off`;
    return { kind: 'unavailable', measurement: unavailable('CrossNamespaceRef', message) };
  }
  const template = options.template(namespace, name);
  return template === undefined
    ? { kind: 'unavailable', measurement: unavailable('TemplateNotFound', `there is no ${label}`) }
    : { kind: 'found', namespace, label, template };
}

function connectionOf(spec: MetricTemplateProvider): Omit<MetricQuery, 'text' | 'intervalMs' | 'nowMs'> {
  return {
    address: spec.address ?? '',
    headers: spec.headers ?? {},
    region: spec.region ?? '',
    skipTlsVerify: spec.insecureSkipVerify ?? false,
  };
}

/** The Secret is in the namespace of the template, wherever the Canary is. An empty name: the template names none. */
async function readCredentials(
  { secret }: PlanOptions,
  namespace: string,
  name: string,
): Promise<{ readonly kind: 'read'; readonly data: Credentials } | Unavailable> {
  if (name === '') {
    return { kind: 'read', data: undefined };
  }
  const label = `Secret ${namespace}/${name}`;
  try {
    const data = await secret(namespace, name);
    return data === undefined
      ? { kind: 'unavailable', measurement: unavailable('SecretNotFound', `there is no ${label}`) }
      : { kind: 'read', data };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const message = excerpt(`${label} cannot be read: ${said}`, MESSAGE_BYTES);
    return { kind: 'unavailable', measurement: unavailable('SecretUnreadable', message) };
  }
}

function onMetricsServer(
  options: PlanOptions,
  { spec }: MeasuredCanary,
  metric: Metric,
  text: string,
): MetricPlan {
  const written = spec.metricsServer ?? '';
  return {
    provider: prometheus,
    credentials: undefined,
    query: {
      text,
      address: written === '' ? options.metricsServer : written,
      headers: {},
      region: '',
      skipTlsVerify: false,
      ...timesOf(options, metric),
    },
  };
}

function timesOf({ clock }: PlanOptions, metric: Metric): Pick<MetricQuery, 'intervalMs' | 'nowMs'> {
  return { intervalMs: parseDurationMs(metricInterval(metric)) ?? 60_000, nowMs: clock.nowMs() };
}
