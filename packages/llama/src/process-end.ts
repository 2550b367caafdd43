import type { ProcessEnd } from './engine-process.ts';

/** For the log: how a process ended and what it last said. */
export function describeEnd({ exitCode, signal, output }: ProcessEnd): string {
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  return output === '' ? how : `${how}; last output: ${output.trim()}`;
}
