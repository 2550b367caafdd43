import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operate } from './operate.ts';

it.skipIf(!existsSync('/proc/self/fd'))(
  'servers that are started, limited, stopped and killed in any way say in a line why they do not run, and lose nothing',
  async () => {
    const { faults, counts } = await operate({ milliseconds: 0, seed: 17 });
    expect(faults, JSON.stringify(counts)).toEqual([]);
  },
  600_000,
);
