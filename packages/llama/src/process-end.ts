import { EngineError } from '@latchkey/engine';
import type { ProcessEnd } from './engine-process.ts';

/** For the log: how a process ended, and its last output. */
export function describeEnd({ exitCode, signal, output }: ProcessEnd): string {
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  return output === '' ? how : `${how}; last output: ${output.trim()}`;
}

const CAUSES: Readonly<Record<string, string>> = {
  SIGKILL: 'the system has ended it, most of the time because memory was short',
  SIGILL: 'this processor lacks an instruction that llama.cpp uses',
  SIGBUS: 'the file changed, or its disk went away, while it was read',
  SIGTERM: 'something has ended it by a signal',
};

/** Why a program does not start, by the system's code. The program is Node's own. */
const START_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'the user of this server may not run its Node',
  ENOENT: 'the Node that this server runs with was removed or replaced; start the server again',
  EAGAIN: 'the user of this server has too many processes',
  ENOMEM: 'memory is short',
  EMFILE: 'this server has too many files open',
  ENFILE: 'this machine has too many files open',
};

/** The cause of a process's end that says nothing about the file; undefined for a crash. */
export function causeOfEnd({ exitCode, signal, wasSilent, startError = '' }: ProcessEnd): string | undefined {
  if (wasSilent) return 'it said nothing for too long and was ended';
  if (exitCode === null && signal === null) {
    const why = START_ERRORS[startError] ?? startError;
    return why === '' ? 'its process could not be started' : `its process could not be started: ${why}`;
  }
  return CAUSES[signal ?? ''];
}

/** The error of a load whose process has ended. */
export function loadErrorOf(end: ProcessEnd): EngineError {
  const cause = causeOfEnd(end);
  const options = { detail: describeEnd(end) };
  return cause === undefined
    ? new EngineError(
        'MODEL_LOAD_FAILED',
        'The engine crashed while it loaded the model; the file may be damaged.',
        options,
      )
    : new EngineError('MODEL_UNAVAILABLE', `The engine ended while it loaded the model: ${cause}.`, options);
}
