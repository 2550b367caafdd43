// `pnpm hostile [--minutes 10] [--seed N]`: starts a server, attacks it for a while and prints the outcome.

import { parseArgs } from 'node:util';
import { attack } from './attack.ts';
import { verdict } from './verdict.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 60)) throw new TypeError('--minutes takes a number above 0 and up to 60.');
if (!Number.isSafeInteger(seed)) throw new TypeError('--seed takes a whole number.');

const live = process.stderr.isTTY;
console.error(`Attacking for ${minutes} minutes with seed ${seed}.`);
const outcome = await attack({
  seed,
  milliseconds: minutes * 60_000,
  onProgress: (sent, fraction) => {
    if (live) process.stderr.write(`\r${'#'.repeat(Math.round(fraction * 40)).padEnd(40, '.')} ${sent} requests`);
  },
});
if (live) process.stderr.write('\r\u001b[K');
const { report, ...figures } = outcome;
const failures = verdict(outcome);
if (values.json) console.log(JSON.stringify({ seed, minutes, sent: report.sent, ...figures, failures }, null, 2));
else
  console.log(
    `${report}\n\n${JSON.stringify(figures, null, 2)}\n\n${failures.length === 0 ? 'The lock holds.' : failures.join('\n')}`,
  );
process.exitCode = failures.length === 0 ? 0 : 1;
