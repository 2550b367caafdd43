import { expect, it } from 'vitest';
import { judgeClaims } from '../../src/limits/judge-claims.ts';

const window = { kind: 'window', key: 'requests a', windowEnd: 60_000, amount: 1, limit: 9 } as const;
const lease = { kind: 'lease', key: 'running a', leaseId: 'one', expiresAt: 60_000, limit: 9 } as const;

it.each([[window], [{ ...window, least: 0 }], [lease]])('fits nothing where the count is no number: %j', (claim) => {
  expect(judgeClaims([claim], [Number.NaN])).toEqual({ taken: false, refused: [0] });
});
