// The kinds of autoscaler that Serin knows; to add one: a file beside this, a line here, a line in the tests.
import type { AutoscalerName } from '../model/observation.ts';
import type { AutoscalerKind } from './autoscaler.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { scaledObject } from './scaled-object.ts';

export const autoscalerKinds: Readonly<Record<AutoscalerName['kind'], AutoscalerKind>> = {
  HorizontalPodAutoscaler: horizontalPodAutoscaler,
  ScaledObject: scaledObject,
};

export const autoscalerKindNames: readonly AutoscalerName['kind'][] = [
  'HorizontalPodAutoscaler',
  'ScaledObject',
];
