import { describe, expect, it } from 'vitest';
import { RestartPolicy } from '../../src/host/restart-policy.ts';

function withClock(random = () => 0) {
  const clock = { now: 0 };
  return { clock, policy: new RestartPolicy(() => clock.now, random) };
}

/** Fails so often, each time as soon as a start is allowed, and gives the waits. */
function failFor(count: number, { clock, policy }: ReturnType<typeof withClock>): number[] {
  return Array.from({ length: count }, () => {
    policy.failed(100);
    const { waitMs } = policy;
    clock.now += waitMs;
    return waitMs;
  });
}

describe('RestartPolicy', () => {
  it('allows the first start, and the second at once', () => {
    const { policy } = withClock();
    expect(policy.waitMs).toBe(0);
    policy.failed(100);
    expect(policy.waitMs).toBe(0);
  });

  it('waits twice as long after each failure, and half a minute from the fifth on', () => {
    const test = withClock();
    expect(failFor(12, test)).toEqual([0, 500, 1_000, 2_000, ...new Array(8).fill(30_000)]);
  });

  it('is open from the fifth failure in two minutes on', () => {
    const test = withClock();
    failFor(4, test);
    expect(test.policy.isOpen).toBe(false);
    failFor(1, test);
    expect(test.policy.isOpen).toBe(true);
  });

  it('stays closed when failures are far apart', () => {
    const { clock, policy } = withClock();
    for (let count = 0; count < 20; count += 1) {
      policy.failed(100);
      clock.now += 31_000;
    }
    expect(policy.isOpen).toBe(false);
  });

  it('allows a start once the time has passed', () => {
    const { clock, policy } = withClock();
    policy.failed(0);
    policy.failed(0);
    clock.now += 499;
    expect(policy.waitMs).toBe(1);
    clock.now += 1;
    expect(policy.waitMs).toBe(0);
  });

  it('closes, and forgets earlier failures, when the server has lived for a minute', () => {
    const { policy } = withClock();
    for (let count = 0; count < 5; count += 1) policy.failed(0);
    policy.failed(60_000);
    expect([policy.waitMs, policy.isOpen]).toEqual([0, false]);
  });

  it('shortens a wait by up to a quarter, as chance has it', () => {
    expect(
      failFor(
        6,
        withClock(() => 1),
      ),
    ).toEqual([0, 375, 750, 1_500, 22_500, 22_500]);
    expect(
      failFor(
        2,
        withClock(() => 0.5),
      ),
    ).toEqual([0, 437.5]);
  });
});
