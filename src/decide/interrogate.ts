// How hooks are asked: one after the other, each named by run and round before it is sent.
import type { Webhook, WebhookType } from '../api/analysis.ts';
import { webhookRetries, webhookTimeoutMs, webhooksOf } from '../api/defaults.ts';
import type { Phase, Run } from '../api/status.ts';
import { checksumOf } from '../model/checksum.ts';
import type { Observation } from '../model/observation.ts';
import type { HookAnswer, HookQuestion } from '../model/question.ts';

/** What came of a list of hooks so far. */
export type Hearing =
  | { readonly kind: 'ask'; readonly question: HookQuestion }
  | { readonly kind: 'passed'; readonly names: readonly string[] }
  | { readonly kind: 'failed'; readonly name: string; readonly answer: HookAnswer; readonly message: string };

/** Asks the hooks of one type in list order; the first that does not pass ends it. */
export function hear(seen: Observation, run: Run, type: WebhookType, phase: Phase): Hearing {
  const names: string[] = [];
  for (const [index, hook] of hooksOf(seen, type).entries()) {
    const question = questionOf(seen, run, { hook, type, index, phase });
    const answer = answerOf(seen, question.key);
    if (answer === undefined) {
      return { kind: 'ask', question };
    }
    if (answer.outcome !== 'passed') {
      return { kind: 'failed', name: hook.name, answer, message: answer.message };
    }
    names.push(hook.name);
  }
  return { kind: 'passed', names };
}

/** The rollback hooks: each is asked, whatever the ones before it said; the first that passes wants a rollback. */
export function hearRollback(seen: Observation, run: Run, phase: Phase): Hearing | undefined {
  for (const [index, hook] of hooksOf(seen, 'rollback').entries()) {
    const question = questionOf(seen, run, { hook, type: 'rollback', index, phase });
    const answer = answerOf(seen, question.key);
    if (answer === undefined) {
      return { kind: 'ask', question };
    }
    if (answer.outcome === 'passed') {
      return { kind: 'passed', names: [hook.name] };
    }
  }
  return undefined;
}

function hooksOf({ spec }: Observation, type: WebhookType): Webhook[] {
  return spec === undefined ? [] : webhooksOf(spec.analysis, type);
}

function answerOf({ answers }: Observation, key: string): HookAnswer | undefined {
  const answer = answers[key];
  return answer?.kind === 'hook' ? answer : undefined;
}

/** `<run>/<round>`: every question of one round starts with it. */
export function roundKey(run: Run): string {
  return `${run.id}/${run.round?.seq ?? 0}`;
}

function questionOf(
  seen: Observation,
  run: Run,
  asked: {
    readonly hook: Webhook;
    readonly type: WebhookType;
    readonly index: number;
    readonly phase: Phase;
  },
): HookQuestion {
  const { hook, type, index, phase } = asked;
  const { status } = seen;
  const hookId = `${type}:${index}`;
  return {
    kind: 'hook',
    key: `${roundKey(run)}/${hookId}`,
    name: hook.name,
    type,
    url: hook.url,
    timeoutMs: webhookTimeoutMs(hook),
    retries: webhookRetries(hook),
    disableTls: hook.disableTLS ?? false,
    call: { run: run.id, sequence: run.round?.seq ?? 0, hook: hookId },
    payload: {
      name: seen.name,
      namespace: seen.namespace,
      phase,
      checksum: checksumOf(status.trackedConfigs, status.lastAppliedSpec),
      ...(hook.metadata === undefined ? {} : { metadata: hook.metadata }),
    },
  };
}
