/**
 * What may still be spent on one question. A step is about what comparing two characters takes, four nanoseconds or less on
 * an ordinary machine; whatever is dearer is counted as more.
 */
export interface Steps {
  /** @throws {StepsUsedUp} when there are not so many left; the question has no answer then, and what asked refuses */
  spend(count: number): void;
}

/** What a decision or a comparison of grants may cost altogether: about a twentieth of a second at the worst. */
export const MAXIMUM_STEPS = 10_000_000;

/** Ends what takes too many steps. Never leaves the functions that decide and compare. */
export class StepsUsedUp extends Error {
  override readonly name = 'StepsUsedUp';
}

export function createSteps(maximum = MAXIMUM_STEPS): Steps {
  let left = maximum;
  return {
    spend(count) {
      left -= count;
      // Written so that a count that is not a number ends it, too.
      if (!(left >= 0)) throw new StepsUsedUp();
    },
  };
}

/** For what is bounded already. */
export const UNCOUNTED: Steps = { spend: () => {} };

/** The answer to a question, or `beyond` when it takes too many steps. */
export function unlessUsedUp<T>(answer: () => T, beyond: T): T {
  try {
    return answer();
  } catch (error) {
    if (error instanceof StepsUsedUp) return beyond;
    throw error;
  }
}
