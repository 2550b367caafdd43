// `pnpm operations [--minutes 5] [--seed 1]`: starts, stops and limits of real servers, in an order that chance decides.

import { parseArgs } from 'node:util';
import { operate } from './operate.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0 && minutes <= 600)) throw new TypeError('--minutes takes a number above 0 and up to 600.');
if (!Number.isSafeInteger(seed)) throw new TypeError('--seed takes a whole number.');
console.log(`seed ${seed}`);
const outcome = await operate({ milliseconds: minutes * 60_000, seed, onTrial: (line) => console.log(line) });
console.log(JSON.stringify(outcome, null, 2));
process.exitCode = outcome.faults.length === 0 ? 0 : 1;
