// `pnpm soak [--minutes 30]`: a server while models, files, proxies and callers come and go, and its log's disk fills.

import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 600)) throw new TypeError('--minutes takes a number above 0 and up to 600.');
const outcome = await soak(minutes * 60_000);
console.log(JSON.stringify(outcome, null, 2));
process.exitCode = outcome.faults.length === 0 ? 0 : 1;
