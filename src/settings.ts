// How the controller is started: flags and environment, read once and passed on frozen. Flag names are Flagger's where it
// has one for the same thing; what Serin has no use for is accepted and warned of, so that no manifest has to change.
// Nothing is connected or opened here; imports zod, the parsers of api/ and the selectors of watch/.
import { z } from 'zod';
import { parseDurationMs } from './api/duration.ts';
import { isKnownProvider } from './api/provider.ts';
import { warningsOfFlagger, withoutEffect, withoutEffectSwitches } from './flagger-flags.ts';
import { readGoFlags } from './go-flags.ts';
import { parseLabelSelector } from './watch/label-selector.ts';

const trueWords = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const falseWords = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

const Text = z.string();
const OptionalText = z.string().transform((text) => (text === '' ? undefined : text));
const List = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const Switch = z
  .string()
  .refine((text) => trueWords.includes(text) || falseWords.includes(text), 'must be true or false')
  .transform((text) => trueWords.includes(text));
const Url = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/]/.test(text) && URL.canParse(text),
    'must be an http:// or https:// address',
  );
const OptionalUrl = z.union([z.literal('').transform(() => undefined), Url]);

function integer(least: number, most: number) {
  return z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most,
      `must be a whole number from ${String(least)} to ${String(most)}`,
    )
    .transform(Number);
}

/** Milliseconds of a duration such as `1m30s`. */
function duration(least: string) {
  const leastMs = parseDurationMs(least) ?? 0;
  return z
    .string()
    .refine(
      (text) => (parseDurationMs(text) ?? -1) >= leastMs,
      `must be a duration such as 10s or 1m30s, at least ${least}`,
    )
    .transform((text) => parseDurationMs(text) ?? 0);
}

const levels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
const Level = z
  .string()
  .transform((text) => (text === 'warning' ? 'warn' : text))
  .pipe(z.enum(levels).catch('info'));

const shape = {
  kubeconfig: OptionalText,
  master: OptionalText,
  namespace: List,
  labelSelector: Text.refine(
    (text) => parseLabelSelector(text) !== undefined,
    'must be a label selector such as team=shop,!legacy',
  ),
  meshProvider: Text.refine(
    isKnownProvider,
    'must be the name of a provider, for instance gatewayapi:v1, contour or kubernetes',
  ),
  metricsServer: Url,
  selectorLabels: List.refine((labels) => labels.length > 0, 'must name at least one label'),
  includeLabelPrefix: List,
  enableConfigTracking: Switch,
  ingressClass: OptionalText,
  ingressAnnotationsPrefix: Text,
  noCrossNamespaceRefs: Switch,
  trustGateways: Switch,
  eventWebhook: OptionalUrl,
  clusterName: OptionalText,
  minimumIntervalMs: duration('1s'),
  concurrency: integer(1, 1000),
  enableLeaderElection: Switch,
  leaderElectionNamespace: Text,
  leaderElectionLeaseDurationMs: duration('1s'),
  leaderElectionRenewDeadlineMs: duration('500ms'),
  leaderElectionRetryPeriodMs: duration('100ms'),
  port: integer(0, 65_535),
  bindAddress: OptionalText,
  logLevel: Level,
  version: Switch,
  help: Switch,
};
type Key = keyof typeof shape;

const Values = z.object(shape).superRefine((values, context) => {
  const { leaderElectionLeaseDurationMs: lease, leaderElectionRenewDeadlineMs: deadline } = values;
  if (deadline >= lease) {
    const message = 'must be shorter than -leader-election-lease-duration';
    context.addIssue({ code: 'custom', path: ['leaderElectionRenewDeadlineMs'], message });
  }
  if (values.leaderElectionRetryPeriodMs >= deadline) {
    const message = 'must be shorter than -leader-election-renew-deadline';
    context.addIssue({ code: 'custom', path: ['leaderElectionRetryPeriodMs'], message });
  }
});

const switches = new Set(
  Object.entries(shape)
    .filter(([, schema]) => schema === Switch)
    .map(([key]) => flagName(key)),
);

export type Settings = Readonly<
  Omit<z.output<typeof Values>, 'namespace'> & {
    /** Empty: all of them. */
    readonly namespaces: readonly string[];
  }
>;

interface Flag {
  readonly fallback: string;
  readonly meaning: string;
  /** An environment variable that wins over the flag when it is not empty. */
  readonly environment?: string;
  /** Never shown. */
  readonly secret?: boolean;
}

const flags: Readonly<Record<Key, Flag>> = {
  kubeconfig: {
    fallback: '',
    meaning: 'path of a kubeconfig; empty: KUBECONFIG, ~/.kube/config, then the pod',
  },
  master: { fallback: '', meaning: 'address of the API server, wins over the kubeconfig' },
  namespace: { fallback: '', meaning: 'namespaces to watch, separated by commas; empty: all of them' },
  labelSelector: { fallback: '', meaning: 'act only on Canaries with these labels, for instance team=shop' },
  meshProvider: { fallback: 'istio', meaning: 'provider of Canaries that name none' },
  metricsServer: {
    fallback: 'http://prometheus:9090',
    meaning: 'Prometheus for built-in checks and inline queries',
  },
  selectorLabels: {
    fallback: 'app,name,app.kubernetes.io/name',
    meaning: 'labels that may select the pods of a target, the first that is there wins',
  },
  includeLabelPrefix: {
    fallback: '',
    meaning: 'prefixes of labels and annotations to copy to the primary, * for all',
  },
  enableConfigTracking: { fallback: 'true', meaning: 'follow the ConfigMaps and Secrets that a target uses' },
  ingressClass: { fallback: '', meaning: 'ingress class of generated HTTPProxies and VirtualServers' },
  ingressAnnotationsPrefix: {
    fallback: 'nginx.ingress.kubernetes.io',
    meaning: 'prefix of the canary annotations on NGINX Ingresses',
  },
  noCrossNamespaceRefs: { fallback: 'false', meaning: 'refuse references to objects of other namespaces' },
  trustGateways: { fallback: 'false', meaning: 'use features that the class of a Gateway does not list' },
  eventWebhook: {
    fallback: '',
    meaning: 'address that is told every event',
    environment: 'EVENT_WEBHOOK_URL',
    secret: true,
  },
  clusterName: { fallback: '', meaning: 'name of this cluster in alerts' },
  minimumIntervalMs: {
    fallback: '10s',
    meaning: 'shortest analysis interval; shorter ones are raised to it (below 10s is meant for tests)',
  },
  concurrency: { fallback: '16', meaning: 'Canaries that are worked on at once' },
  enableLeaderElection: {
    fallback: 'true',
    meaning: 'act only while holding the Lease flagger-leader-election',
  },
  leaderElectionNamespace: {
    fallback: 'kube-system',
    meaning: 'namespace of the Lease; where -namespace names one, it is that one',
  },
  leaderElectionLeaseDurationMs: {
    fallback: '60s',
    meaning: 'how long others wait for a leader that went silent',
  },
  leaderElectionRenewDeadlineMs: { fallback: '15s', meaning: 'when a leader that cannot renew gives up' },
  leaderElectionRetryPeriodMs: { fallback: '5s', meaning: 'how often the Lease is renewed or tried for' },
  port: { fallback: '8080', meaning: 'port of /metrics, /healthz and /readyz; 0 takes a free one' },
  bindAddress: { fallback: '', meaning: 'address to listen on; empty: all interfaces' },
  logLevel: { fallback: 'debug', meaning: 'debug, info, warn, error or fatal; anything else means info' },
  version: { fallback: 'false', meaning: 'print the version and exit' },
  help: { fallback: 'false', meaning: 'print this and exit' },
};
/** Names each flag that is wrong, its value and what to do. The process ends with `exitCode`. */
export class SettingsError extends Error {
  readonly exitCode = 2;

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
  }
}

/** `kebab-case` of a key without its unit, as on the command line. */
function flagName(key: string): string {
  return key.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function isSwitch(name: string): boolean {
  return switches.has(name) || withoutEffectSwitches.has(name);
}

/** @throws SettingsError that tells of everything that is wrong. */
export function parseSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const { given, problem } = readGoFlags(args, isSwitch);
  if (problem !== undefined) {
    throw new SettingsError([problem]);
  }
  const names = new Set(Object.keys(flags).map(flagName));
  const unknown = given.filter(({ name }) => !names.has(name) && !Object.hasOwn(withoutEffect, name));
  if (unknown.length > 0) {
    throw new SettingsError(unknown.map(({ name }) => `-${name}: no such flag; -help lists them all`));
  }
  const texts = Object.fromEntries(
    Object.entries(flags).map(([key, { fallback, environment: variable }]) => {
      const flag = given.findLast(({ name }) => name === flagName(key));
      const fromEnvironment = variable === undefined ? '' : (environment[variable] ?? '');
      return [key, fromEnvironment === '' ? (flag?.value ?? fallback) : fromEnvironment];
    }),
  );
  const parsed = Values.safeParse(texts);
  if (!parsed.success) {
    throw new SettingsError(parsed.error.issues.map((issue) => problemOf(issue, texts)));
  }
  const { namespace: namespaces, ...values } = parsed.data;
  const [only, ...others] = namespaces;
  const leaderElectionNamespace =
    only !== undefined && others.length === 0 ? only : values.leaderElectionNamespace;
  return {
    settings: Object.freeze({ ...values, namespaces: Object.freeze(namespaces), leaderElectionNamespace }),
    warnings: [...warningsOfFlagger(given, environment), ...warningsOfLevel(texts['logLevel'] ?? '')],
  };
}

function warningsOfLevel(level: string): string[] {
  return [...levels, 'warning'].some((known) => known === level)
    ? []
    : [`-log-level "${level}" is not known: using info`];
}

function problemOf(issue: z.core.$ZodIssue, texts: Readonly<Record<string, string>>): string {
  const key = String(issue.path[0]);
  const flag = Object.entries(flags).find(([name]) => name === key)?.[1];
  const shown = flag?.secret === true ? '(not shown)' : `"${texts[key] ?? ''}"`;
  const variable = flag?.environment === undefined ? '' : ` (or ${flag.environment})`;
  return `-${flagName(key)}${variable}: ${shown} ${issue.message}`;
}

/** All flags with their defaults, one a line. */
export function describeFlags(): string {
  const lines = Object.entries(flags).map(([key, { fallback, meaning, environment }]) => {
    const value = fallback === '' ? '' : ` (default ${fallback})`;
    const variable = environment === undefined ? '' : `; ${environment} wins over it`;
    return `  -${flagName(key)}\n        ${meaning}${variable}${value}`;
  });
  const others = Object.keys(withoutEffect).map((name) => `-${name}`);
  return `${lines.join('\n')}\n\nAccepted, without effect:\n  ${others.join(' ')}\n`;
}
