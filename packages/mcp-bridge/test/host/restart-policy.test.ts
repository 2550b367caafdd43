import { describe, expect, it } from 'vitest';
import { RestartPolicy } from '../../src/host/restart-policy.ts';

function withClock() {
  const clock = { now: 0 };
  return { clock, policy: new RestartPolicy(() => clock.now) };
}

describe('RestartPolicy', () => {
  it('allows the first start, and the second at once', () => {
    const { policy } = withClock();
    expect(policy.waitMs).toBe(0);
    policy.failed(100);
    expect(policy.waitMs).toBe(0);
  });

  it('waits twice as long after each failure, at most half a minute', () => {
    const { clock, policy } = withClock();
    const waits = Array.from({ length: 10 }, () => {
      policy.failed(100);
      const { waitMs } = policy;
      clock.now += waitMs;
      return waitMs;
    });
    expect(waits).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
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

  it('forgets earlier failures of a server that lived for a minute', () => {
    const { policy } = withClock();
    for (let count = 0; count < 5; count += 1) policy.failed(0);
    policy.failed(60_000);
    expect(policy.waitMs).toBe(0);
  });
});
