// How requests are divided between the primary and the canary.

/** Percentages; they always sum to 100. */
export interface Split {
  readonly primary: number;
  readonly canary: number;
}

export const allPrimary: Split = { primary: 100, canary: 0 };
export const allCanary: Split = { primary: 0, canary: 100 };

/** The split that sends `percent` (0…100, clamped, whole) to the canary and the rest to the primary. */
export function splitToward(percent: number): Split {
  const canary = Math.min(100, Math.max(0, Math.round(percent)));
  return { primary: 100 - canary, canary };
}

export function sameSplit(a: Split | undefined, b: Split | undefined): boolean {
  return a?.primary === b?.primary && a?.canary === b?.canary;
}
