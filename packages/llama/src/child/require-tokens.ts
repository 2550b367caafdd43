import { EngineError, type RequestField } from '@latchkey/engine';
import type { Token } from 'node-llama-cpp';

/** The ids as tokens. llama.cpp would read beyond its tables for others: throws EngineError `INVALID_REQUEST`. */
export function requireTokens(ids: readonly number[], vocabularySize: number, field: RequestField): Token[] {
  const unknown = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  if (unknown === undefined) return [...ids] as Token[];
  const message = `There is no token ${unknown}; the tokens of this model are 0 to ${vocabularySize - 1}.`;
  throw new EngineError('INVALID_REQUEST', message, { field });
}
