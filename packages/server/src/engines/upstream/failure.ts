import { EngineError } from '@latchkey/engine';
import { BrokenStream } from './read-events.ts';

export const unloaded = (): EngineError =>
  new EngineError('MODEL_UNLOADED', 'The model was unloaded while the request ran. Try again.');

export const unreachable = (detail: string): EngineError =>
  new EngineError('MODEL_CRASHED', 'The upstream server cannot be reached. Try again.', { detail });

/** @param begun whether the server had begun to answer */
export function toFailure(error: unknown, begun: boolean): EngineError {
  if (error instanceof EngineError) return error;
  if (error instanceof BrokenStream) return broken(error.message);
  const { cause } = error as Error;
  return begun ? broken('it ended the connection in the middle of the answer') : unreachable(String(cause ?? error));
}

/** Whether another server would refuse the request as well. */
export const isFinal = ({ code }: EngineError): boolean => code === 'INVALID_REQUEST' || code === 'CONTEXT_EXCEEDED';

/** Whether the server itself is at fault. */
export const isServers = ({ code }: EngineError): boolean => code === 'MODEL_CRASHED' || code === 'INTERNAL';

const broken = (what: string): EngineError =>
  new EngineError('MODEL_CRASHED', `The upstream server failed: ${what}. Try again.`);
