import { EngineError } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';

/** An engine's error as the server's own; anything else is what it was. */
export function fromEngine(thrown: unknown): unknown {
  if (!(thrown instanceof EngineError)) return thrown;
  const { code, message, field, detail } = thrown;
  return new ServerError(code, message, {
    cause: thrown,
    ...(field === undefined ? {} : { field }),
    ...(detail === undefined ? {} : { detail }),
  });
}
