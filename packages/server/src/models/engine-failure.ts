import { EngineError } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';

/** Converts an engine's error to a ServerError; anything else is returned unchanged. */
export function fromEngine(thrown: unknown): unknown {
  if (!(thrown instanceof EngineError)) return thrown;
  const { code, message, field, detail } = thrown;
  return new ServerError(code, message, {
    cause: thrown,
    ...(field === undefined ? {} : { field }),
    ...(detail === undefined ? {} : { detail }),
  });
}
