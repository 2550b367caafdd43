/**
 * The remaining step budget of one decision or comparison. A step is about the cost of comparing two characters, four
 * nanoseconds or less on an ordinary machine; more expensive work counts as several steps.
 */
export interface Steps {
  /** @throws {StepsUsedUp} when fewer steps are left; there is no answer then, and the caller refuses */
  spend(count: number): void;
}

/** The most steps of a decision or a comparison of grants: about a twentieth of a second in the worst case. */
export const MAXIMUM_STEPS = 10_000_000;

/** Ends work that takes too many steps. The functions that decide and compare always catch it. */
export class StepsUsedUp extends Error {
  override readonly name = 'StepsUsedUp';
}

export function createSteps(maximum = MAXIMUM_STEPS): Steps {
  let left = maximum;
  return {
    spend(count) {
      left -= count;
      // Written so that NaN also ends the work.
      if (!(left >= 0)) throw new StepsUsedUp();
    },
  };
}

/** For work that is bounded already. */
export const UNCOUNTED: Steps = { spend: () => {} };

/** Returns the answer, or `beyond` when it takes too many steps. */
export function unlessUsedUp<T>(answer: () => T, beyond: T): T {
  try {
    return answer();
  } catch (error) {
    if (error instanceof StepsUsedUp) return beyond;
    throw error;
  }
}
