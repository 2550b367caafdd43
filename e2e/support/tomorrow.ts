// Loaded into a process with `node --import`: its clock is two days ahead.

const ahead = 2 * 24 * 3_600_000;
const Today = Date;

globalThis.Date = class extends Today {
  constructor(...given: [] | [string | number]) {
    if (given.length === 0) super(Today.now() + ahead);
    else super(...given);
  }

  static override now(): number {
    return Today.now() + ahead;
  }
} as DateConstructor;
