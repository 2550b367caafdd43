import type { Outcome } from './attack.ts';

/** The limit for `GET /health` at the 99th percentile, in addition to the time of the machine alone. */
const HEALTH_MILLISECONDS = 250;
/** The longest silence of a bystander's stream, in addition to that of the machine alone. */
const GAP_MILLISECONDS = 2000;
/** The most memory of the server and one small model together. */
const MEMORY_BYTES = 2 * 1024 ** 3;

/** The failures that an attack has caused; empty when the server resisted. */
export function verdict(outcome: Outcome): readonly string[] {
  const { healthMilliseconds, machineMilliseconds, longestGapMilliseconds, longestMachineGapMilliseconds } = outcome;
  const { bystanderStreams, brokenStreams, memoryBytes, counted, budget } = outcome;
  const failures: (string | false)[] = [
    ...outcome.report.faults,
    !outcome.survived && 'The server did not survive.',
    healthMilliseconds - machineMilliseconds > HEALTH_MILLISECONDS &&
      `GET /health took ${healthMilliseconds.toFixed(0)} ms at the 99th percentile; the machine alone ${machineMilliseconds.toFixed(0)} ms.`,
    longestGapMilliseconds - longestMachineGapMilliseconds > GAP_MILLISECONDS &&
      `A bystander's stream was silent for ${longestGapMilliseconds.toFixed(0)} ms; the machine alone for ${longestMachineGapMilliseconds.toFixed(0)} ms.`,
    bystanderStreams === 0 && 'No stream of a bystander came to its end.',
    ...brokenStreams.map((reason) => `A bystander's stream broke: ${reason}`),
    memoryBytes > MEMORY_BYTES && `The server and its model took ${Math.round(memoryBytes / 1024 ** 2)} MiB.`,
    outcome.freePlaces < 4 && `Only ${outcome.freePlaces} of 4 places of the model are free afterwards.`,
    outcome.concurrent < 2 && `A token with two concurrent requests can make ${outcome.concurrent} at once afterwards.`,
    counted.usage !== counted.answers && `Usage says ${counted.usage} tokens, the answers said ${counted.answers}.`,
    budget.used > budget.limit && `A budget of ${budget.limit} tokens was passed: ${budget.used}.`,
  ];
  return failures.filter((failure) => failure !== false);
}
