// What is missing until the autoscalers are as they shall be: the primary's is a copy of the target's, the target's own is
// paused while the target shall have no pods. Which moment is safe for which write is decided here.
import type { Action } from '../model/decision.ts';
import type { Observation } from '../model/observation.ts';
import type { Reason } from '../model/reason.ts';

type Missing = readonly [Reason, Action];

/** True if the primary's size is an autoscaler's to say. */
export function isScaled({ spec, autoscaler }: Observation): boolean {
  return autoscaler !== undefined || spec?.autoscalerRef !== undefined;
}

/**
 * A copy that would at most let the primary grow is written at every moment, any other only where the caller says that the
 * target's autoscaler is meant for what the primary serves: what comes with a new revision must not shrink the old one.
 */
export function missingAutoscaler(
  { autoscaler, primary, retired = [] }: Observation,
  sync: boolean,
): Missing[] {
  const removed = retired.map((name): Missing => [
    'RemovingAutoscaler',
    { kind: 'removeAutoscaler', autoscaler: name },
  ]);
  if (autoscaler === undefined || primary === undefined) {
    return removed;
  }
  const { state, growing = false } = autoscaler;
  const stale = state === 'missing' || (state === 'drifted' && (sync || growing));
  return stale ? [...removed, ['WritingAutoscaler', { kind: 'writeAutoscaler' }]] : removed;
}

/** An autoscaler that is paused takes the pods away again. */
export function resuming({ autoscaler }: Observation): Missing[] {
  return autoscaler?.paused === true
    ? [['ResumingAutoscaler', { kind: 'pauseAutoscaler', paused: false }]]
    : [];
}

/** Pausing takes the pods away by itself: the same care is due as for scaling to zero. */
export function pausing({ autoscaler }: Observation): Missing[] {
  return autoscaler?.paused === false
    ? [['PausingAutoscaler', { kind: 'pauseAutoscaler', paused: true }]]
    : [];
}

/** Takes the target's pods away, and keeps its own autoscaler from bringing them back; empty where that is so. */
export function emptying(seen: Observation): readonly Action[] {
  const { target } = seen;
  const scaled = target !== undefined && target.replicas > 0 && target.fixedSize !== true;
  return [
    ...pausing(seen).map(([, action]) => action),
    ...(scaled ? [{ kind: 'scaleTarget', replicas: 0 } as const] : []),
  ];
}
