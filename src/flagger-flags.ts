// What Flagger can be told and Serin has no use for: accepted, so that no manifest has to change, and warned of.
import type { GivenFlag } from './go-flags.ts';

function all(names: readonly string[], why: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, why]));
}

const logSwitches = ['logtostderr', 'alsologtostderr', 'skip_headers', 'skip_log_headers', 'one_output'];

/** By name, why it has no effect or what to use instead. */
export const withoutEffect: Readonly<Record<string, string>> = {
  ...all(['kubeconfig-qps', 'kubeconfig-burst'], 'requests are bounded by -concurrency'),
  'kubeconfig-service-mesh': 'routes are written to the cluster that holds the Canaries',
  'control-loop-interval': 'there is no loop, changes are noticed when they happen',
  threadiness: 'use -concurrency',
  'zap-encoding': 'logs are always JSON',
  'zap-replace-globals': 'there is one logger',
  ...all(
    ['slack-url', 'slack-token', 'slack-proxy-url', 'slack-user', 'slack-channel'],
    'global Slack alerts are not sent yet',
  ),
  ...all(['msteams-url', 'msteams-proxy-url'], 'global Teams alerts are not sent yet'),
  ...all(
    ['v', 'vmodule', 'stderrthreshold', 'log_dir', 'log_file', 'log_file_max_size', 'log_backtrace_at'],
    'use -log-level',
  ),
  ...all([...logSwitches, 'add_dir_header'], 'use -log-level'),
};

export const withoutEffectSwitches: ReadonlySet<string> = new Set([
  ...logSwitches,
  'add_dir_header',
  'zap-replace-globals',
]);

const variables = ['SLACK_URL', 'SLACK_TOKEN', 'SLACK_PROXY_URL', 'MSTEAMS_URL', 'MSTEAMS_PROXY_URL'];

/** One line for each flag or variable that is set and has no effect; no values, some of them are secrets. */
export function warningsOfFlagger(
  given: readonly GivenFlag[],
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const names = new Set(given.map(({ name }) => name));
  const fromFlags = [...names].flatMap((name) => {
    const why = Object.hasOwn(withoutEffect, name) ? withoutEffect[name] : undefined;
    return why === undefined ? [] : [`-${name} has no effect: ${why}`];
  });
  const fromEnvironment = variables
    .filter((name) => (environment[name] ?? '') !== '')
    .map((name) => `${name} has no effect: global alerts are not sent yet`);
  return [...fromFlags, ...fromEnvironment];
}
