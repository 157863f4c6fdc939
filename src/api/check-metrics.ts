// Checks of metrics and webhooks in `spec.analysis`.
import type { Metric, Webhook } from './analysis.ts';
import type { Checked } from './check.ts';
import { isBuiltin, webhookType } from './defaults.ts';
import { parseDurationMs } from './duration.ts';
import { type Path, type Problem, errorAt, warningAt } from './problem.ts';

export function checksProblems({ canary: { spec } }: Checked): Problem[] {
  const { metrics = [], webhooks = [], steps = [] } = spec.analysis;
  return [
    ...metrics.flatMap((metric, index) => metricProblems(metric, ['spec', 'analysis', 'metrics', index])),
    ...steps.flatMap((step, stepIndex) =>
      (step.metrics ?? []).flatMap((metric, index) =>
        metricProblems(metric, ['spec', 'analysis', 'steps', stepIndex, 'metrics', index]),
      ),
    ),
    ...webhooks.flatMap((webhook, index) =>
      webhookProblems(webhook, ['spec', 'analysis', 'webhooks', index]),
    ),
  ];
}

function metricProblems(metric: Metric, path: Path): Problem[] {
  return [...queryProblems(metric, path), ...boundProblems(metric, path)];
}

const isSet = (text: string | undefined): boolean => text !== undefined && text.trim() !== '';

function queryProblems(metric: Metric, path: Path): Problem[] {
  const { name, query, templateRef, interval = '' } = metric;
  const found: Problem[] = [];
  if (!isBuiltin(name) && !isSet(query) && templateRef === undefined) {
    found.push(
      errorAt(path, {
        value: name,
        message: `is called ${JSON.stringify(name)}, which is not built in, and has neither templateRef nor query`,
        fix: 'add one of them, or use request-success-rate or request-duration',
      }),
    );
  }
  if (isSet(query) && templateRef !== undefined) {
    found.push(
      warningAt([...path, 'query'], {
        message: 'is checked in addition to templateRef',
        fix: 'keep one of them',
      }),
    );
  }
  if (interval !== '' && parseDurationMs(interval) === undefined) {
    found.push(
      errorAt([...path, 'interval'], {
        value: interval,
        message: `is ${JSON.stringify(interval)}, which is no duration`,
        fix: 'write a duration such as 30s or 1m',
      }),
    );
  }
  return found;
}

function boundProblems({ threshold, thresholdRange, compare }: Metric, path: Path): Problem[] {
  if (thresholdRange === undefined) {
    return threshold === undefined && compare === undefined
      ? [warningAt(path, { message: 'has no threshold, which is taken as 0', fix: 'add thresholdRange' })]
      : [];
  }
  const { min, max } = thresholdRange;
  const at = [...path, 'thresholdRange'];
  const found: Problem[] = [];
  if (min === undefined && max === undefined) {
    found.push(
      warningAt(at, {
        message: 'has neither min nor max, so that every value passes',
        fix: 'add one of them',
      }),
    );
  }
  if (min !== undefined && max !== undefined && min > max) {
    found.push(
      errorAt(at, {
        value: thresholdRange,
        message: `has a min of ${min} above its max of ${max}, so that no value passes`,
        fix: 'exchange them',
      }),
    );
  }
  if (threshold !== undefined) {
    found.push(
      warningAt([...path, 'threshold'], {
        reason: 'IgnoredField',
        message: 'is not used, because thresholdRange is set',
        fix: 'remove it',
      }),
    );
  }
  return found;
}

function webhookProblems(webhook: Webhook, path: Path): Problem[] {
  const { url, timeout = '', retries = 0 } = webhook;
  const found: Problem[] = [];
  if (!isHttpUrl(url)) {
    const wrong = {
      value: url,
      message: `is ${JSON.stringify(url)}, which is no web address`,
      fix: 'write an address that starts with http:// or https://',
    };
    found.push(blocks(webhook) ? errorAt([...path, 'url'], wrong) : warningAt([...path, 'url'], wrong));
  }
  if (timeout !== '' && (parseDurationMs(timeout) ?? 0) <= 0) {
    found.push(
      warningAt([...path, 'timeout'], {
        value: timeout,
        message: `is ${JSON.stringify(timeout)}, which is taken as 10s`,
        fix: 'write a duration such as 30s',
      }),
    );
  }
  if (retries < 0) {
    found.push(
      warningAt([...path, 'retries'], {
        value: retries,
        message: `is ${retries}, which is taken as 0`,
        fix: 'use 0 or more',
      }),
    );
  }
  return found;
}

/** Whether a run can never succeed while this hook fails. */
function blocks(webhook: Webhook): boolean {
  return !['event', 'post-rollout', 'rollback'].includes(webhookType(webhook));
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
