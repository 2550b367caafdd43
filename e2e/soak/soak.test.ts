import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { soak } from './soak.ts';

const MILLISECONDS = 60_000;

it.skipIf(!existsSync('/proc/self/fd'))(
  'a server that lives through a minute of everything at once loses nothing, and keeps nothing',
  async () => {
    const { counts, faults } = await soak(MILLISECONDS);
    expect(faults, JSON.stringify(counts)).toEqual([]);
    // Each of these was really going on.
    for (const [name, count] of Object.entries(counts)) expect(count, name).toBeGreaterThan(1);
  },
  300_000,
);
