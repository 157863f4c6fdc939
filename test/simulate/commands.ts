// People who command the Canary: with sense, without, twice, too late; and what must never come of it.
import { CommandVerb, Gate } from '../../src/api/canary-command.ts';
import { objectOf, objectsOf, textOf } from '../../src/model/json.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { resources } from '../../src/model/kube.ts';
import type { KubeObject } from '../../src/model/kube.ts';
import { APP, NAMESPACE } from './targets.ts';
import type { World } from './world.ts';

export function runOf(status: JsonObject): JsonObject {
  return objectOf(status['run']);
}

export function command(world: World, spec: Readonly<Record<string, unknown>>): string {
  const name = `command-${world.nextVersion()}`;
  world.store.create(resources.canaryCommands, {
    apiVersion: 'serin.dev/v1alpha1',
    kind: 'CanaryCommand',
    metadata: { name, namespace: NAMESPACE },
    spec: { canary: APP, ...spec },
  });
  return `commands ${String(spec['verb'])} (${name})`;
}

/** What somebody would say who looks at the Canary first. */
function fitting(world: World): string {
  const status = objectOf(world.canary()?.['status']);
  const run = runOf(status);
  if (run['paused'] !== undefined) {
    return 'resume';
  }
  if (run['gate'] !== undefined) {
    return 'approve';
  }
  if (status['phase'] === 'Failed') {
    return 'retry';
  }
  return world.chance.pick(['pause', 'step', 'promote', 'abort']);
}

export function giveCommand(world: World): string {
  const { chance } = world;
  const verb = chance.happens(0.6) ? fitting(world) : chance.pick(['explode', ...CommandVerb.options]);
  return command(world, {
    verb,
    ...(chance.happens(0.3) ? { reason: 'because' } : {}),
    ...(chance.happens(0.2) ? { gate: chance.pick(['confirm-rollout', ...Gate.options]) } : {}),
    ...(chance.happens(0.5) ? { expiresAfter: chance.pick(['4s', '60s', '1h']) } : {}),
    ...(chance.happens(0.1) ? { author: 'somebody else' } : {}),
  });
}

/** Gates are closed for a few steps only: somebody sits by and waits for that. */
export function approveAtGate(world: World): string | undefined {
  const gate = runOf(objectOf(world.canary()?.['status']))['gate'];
  return gate !== undefined && world.chance.happens(0.03) ? command(world, { verb: 'approve' }) : undefined;
}

export function takeBack(world: World): string | undefined {
  const [object] = commandsOf(world);
  if (object === undefined) {
    return undefined;
  }
  world.store.delete(resources.canaryCommands, object.metadata);
  return `deletes ${object.metadata.name}`;
}

function commandsOf(world: World): readonly KubeObject[] {
  return world.store.list(resources.canaryCommands, { namespace: NAMESPACE }).items;
}

/** Whether a command still waits for its answer. */
export function isAwaitingAnswer(world: World): boolean {
  return commandsOf(world).some((object) => textOf(objectOf(object['status'])['result']) === undefined);
}

/** UIDs of the commands that have been carried out between two states of the Canary. */
export function carriedOutBetween(before: JsonObject, now: JsonObject): readonly string[] {
  const known = new Set(objectsOf(before['commands']).map(({ uid }) => uid));
  return objectsOf(now['commands'])
    .filter(({ uid, result }) => result === 'Done' && !known.has(uid))
    .map(({ uid }) => String(uid));
}

/** Somebody wanted this run promoted, or some of its steps taken, without a check. */
export function isForced(status: JsonObject): boolean {
  const unchecked = objectsOf(status['rounds']).some(({ reason }) => reason === 'Unchecked');
  return unchecked || objectOf(runOf(status)['command'])['verb'] === 'promote';
}

/** How a paused run was moved; undefined: it was not. Only pods that are lost take its traffic away. */
export function movedWhilePaused(before: JsonObject, now: JsonObject): string | undefined {
  const was = runOf(before);
  const is = runOf(now);
  const paused = was['paused'] !== undefined && is['paused'] !== undefined && was['id'] === is['id'];
  const from = Number(objectOf(was['split'])['canary']);
  const to = Number(objectOf(is['split'])['canary']);
  if (!paused || (from === to && was['stage'] === is['stage'])) {
    return undefined;
  }
  return to === 0 && is['resumeWeight'] === from
    ? undefined
    : `from ${String(was['stage'])} ${from} to ${String(is['stage'])} ${to}`;
}

/** A gate that somebody has opened is not asked again for that step. */
export function isApproved(
  world: World,
  { key, type }: { readonly key: string; readonly type: string },
): boolean {
  const run = runOf(objectOf(world.canary()?.['status']));
  const approved = Array.isArray(run['approved']) && run['approved'].includes(type);
  return approved && key.startsWith(`${String(run['id'])}/${String(objectOf(run['round'])['seq'])}/`);
}
