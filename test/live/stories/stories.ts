// All stories, in the order in which they are listed; those that are told alone follow the others.
import { autoscalers } from './autoscalers.ts';
import { badInput } from './bad-input.ts';
import { badMetrics } from './bad-metrics.ts';
import { blueGreen } from './blue-green.ts';
import { configs } from './configs.ts';
import { failedPromotion } from './failed-promotion.ts';
import { gates } from './gates.ts';
import { joinLeave } from './join-leave.ts';
import { matches } from './matches.ts';
import { midRun } from './mid-run.ts';
import { outages } from './outages.ts';
import { namedRoutes } from './named-routes.ts';
import { oddObjects } from './odd-objects.ts';
import { ownership } from './ownership.ts';
import { promote } from './promote.ts';
import { rest } from './rest.ts';
import { rollback } from './rollback.ts';
import type { Story } from './story.ts';
import { strategies } from './strategies.ts';
import { takeover } from './takeover.ts';
import { targets } from './targets.ts';
import { unseen } from './unseen.ts';

export const stories: readonly Story[] = [
  ...promote,
  ...rollback,
  ...unseen,
  ...midRun,
  ...blueGreen,
  ...failedPromotion,
  ...matches,
  ...oddObjects,
  ...namedRoutes,
  ...strategies,
  ...joinLeave,
  ...ownership,
  ...configs,
  ...autoscalers,
  ...targets,
  ...gates,
  ...badInput,
  ...badMetrics,
  ...takeover,
  ...outages,
  ...rest,
];
