// All stories, in the order in which they are listed.
import { promote } from './promote.ts';
import type { Story } from './story.ts';

export const stories: readonly Story[] = [...promote];
