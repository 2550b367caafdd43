import { readFileSync } from 'node:fs';
import type { Grant } from '@latchkey/auth-core/llm';
import { JsoncError, parseJsonc } from '@latchkey/mcp-bridge/jsonc';
import { CommandError } from './command-error.ts';

/** Reads `--grant`: JSON, or `@FILE` with JSON in it, which may have comments. The server validates the grant. */
export function readGrant(text: string): Grant {
  const [source, json] = text.startsWith('@') ? [text.slice(1), readGrantFile(text.slice(1))] : ['--grant', text];
  try {
    return parseJsonc(json) as Grant;
  } catch (error) {
    if (!(error instanceof JsoncError)) throw error;
    throw new CommandError(`${source}: not valid JSON: ${[error.path, error.message].join(' ').trim()}`);
  }
}

function readGrantFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`--grant @${path}: the file can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
