import { describe, expect, it } from 'vitest';
import {
  maxNoiseBytes,
  maxNoiseLines,
  maxUnsolicitedPerSecond,
  TrafficGuard,
} from '../../src/transport/traffic-guard.ts';

const times = (count: number, task: () => void): void => {
  for (let done = 0; done < count; done += 1) task();
};

describe('TrafficGuard', () => {
  it('bears some noise in a minute, by lines and by bytes, and as much in the next', () => {
    let now = 0;
    const guard = new TrafficGuard(() => now);
    times(maxNoiseLines, () => guard.noise('loading'));
    now += 60_000;
    times(maxNoiseLines, () => guard.noise('loading'));
    expect(() => guard.noise('loading')).toThrow(RangeError);
    expect(() => new TrafficGuard(() => 0).noise('x'.repeat(maxNoiseBytes + 1))).toThrow(RangeError);
  });

  it('bears so many notifications in a second, and as many in the next', () => {
    let now = 0;
    const guard = new TrafficGuard(() => now);
    times(maxUnsolicitedPerSecond, () => guard.unsolicited());
    now += 1_000;
    times(maxUnsolicitedPerSecond, () => guard.unsolicited());
    expect(() => guard.unsolicited()).toThrow(RangeError);
  });
});
