import { EngineError, type RequestField } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';

/** What the fields of an engine's request are called in a request to the server. */
const PARAMS: Readonly<Record<RequestField, string>> = {
  messages: 'input',
  tools: 'tools',
  toolChoice: 'tool_choice',
  stop: 'stop',
  reasoning: 'reasoning',
  responseSchema: 'response_format',
};

/** An engine's error as the server's own; anything else is what it was. */
export function fromEngine(thrown: unknown): unknown {
  if (!(thrown instanceof EngineError)) return thrown;
  const { code, message, field, detail } = thrown;
  return new ServerError(code, message, {
    cause: thrown,
    ...(field === undefined ? {} : { param: PARAMS[field] }),
    ...(detail === undefined ? {} : { detail }),
  });
}
