// The kind CanaryCommand: what a person tells a Canary to do, once. An object of its own, so that Git never fights it.
import { z } from 'zod';
import { ObjectName, StrictDuration, Text, object, optional } from './field.ts';

export const COMMAND_GROUP = 'serin.dev';
export const COMMAND_VERSION = 'v1alpha1';

export const CommandVerb = z.enum(['pause', 'resume', 'promote', 'step', 'abort', 'retry', 'approve']);
export type CommandVerb = z.infer<typeof CommandVerb>;

/** The gates that `approve` can open: types of webhooks. */
export const Gate = z.enum(['confirm-rollout', 'confirm-traffic-increase', 'confirm-promotion']);
export type Gate = z.infer<typeof Gate>;

/** What somebody has said cannot be changed afterwards: the command may have been carried out. */
export const UNCHANGEABLE = {
  rule: 'self == oldSelf',
  message: 'a command cannot be changed, create another',
};
export const GATE_WITH_APPROVE = {
  rule: "!has(self.gate) || self.verb == 'approve'",
  message: 'gate goes with the verb approve',
};

export const CanaryCommandSpec = object({
  canary: ObjectName.describe('Name of the Canary, in the namespace of the command.'),
  verb: CommandVerb.describe('What to do.'),
  reason: optional(Text.max(256), 'Why; shown wherever the command is.'),
  gate: optional(Gate, 'Approve: which gate is meant; the one that is closed if left out.'),
  expiresAfter: StrictDuration.max(32)
    .default('1h')
    .describe('A command that could not be carried out for so long is not carried out any more.'),
  author: optional(
    Text.max(1024),
    'Set by an admission policy to the name of the user; without one it is taken for unknown.',
  ),
}).meta({ 'x-kubernetes-validations': [UNCHANGEABLE, GATE_WITH_APPROVE] });
export type CanaryCommandSpec = z.infer<typeof CanaryCommandSpec>;

export const CommandResult = z.enum(['Done', 'Refused', 'Expired']);
export type CommandResult = z.infer<typeof CommandResult>;

export const CanaryCommandStatus = z.object({
  result: optional(CommandResult, 'What came of it.'),
  message: optional(Text, 'What it did, or why it did not.'),
  author: optional(Text, 'Whose command it was, as far as that is known for certain.'),
  run: optional(Text, 'The run that it changed.'),
  at: optional(z.string().meta({ format: 'date-time' }), 'When it was answered.'),
});
export type CanaryCommandStatus = z.infer<typeof CanaryCommandStatus>;
