import { expect, it } from 'vitest';
import { attack } from './attack.ts';
import { hostilities } from './callers.ts';
import { verdict } from './verdict.ts';

const SEED = 20_261_128;
const MILLISECONDS = 60_000;

it('a caller with few rights, with none, or without a token costs others nothing, whatever is sent', async () => {
  const outcome = await attack({ seed: SEED, milliseconds: MILLISECONDS });
  expect(verdict(outcome), String(outcome.report)).toEqual([]);
  expect(outcome.report.kinds.toSorted()).toEqual(hostilities.map(({ kind }) => kind).toSorted());
}, 300_000);
