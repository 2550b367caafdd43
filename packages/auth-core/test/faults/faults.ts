/** How a step fails: before it does anything, or after it has done all of it. */
export type FaultMode = 'fails' | 'loses its answer';

/** One fault: at which step, how, and whether everything after it fails, too, until it is mended. */
export interface Fault {
  readonly step: number;
  readonly mode: FaultMode;
  readonly lasting: boolean;
}

/** Counts the steps that something takes, and makes one of them fail. */
export interface Faults {
  /** Runs a step. */
  step<Result>(run: () => Promise<Result>): Promise<Result>;
  /** Counts from here on, with this fault, or with none. */
  arm(fault?: Fault): void;
  /** Lets everything succeed again, and returns how many steps there were. */
  mend(): number;
}

export function createFaults(): Faults {
  let armed = false;
  let fault: Fault | undefined;
  let steps = 0;
  const broken = () => new Error('the line is broken');
  return {
    async step(run) {
      if (!armed) return run();
      steps++;
      if (fault === undefined || steps < fault.step || (steps > fault.step && !fault.lasting)) return run();
      // What comes after a lasting fault does not even arrive.
      if (steps > fault.step || fault.mode === 'fails') throw broken();
      await run();
      throw broken();
    },
    arm(next) {
      armed = true;
      fault = next;
      steps = 0;
    },
    mend() {
      armed = false;
      return steps;
    },
  };
}
