import type { z } from 'zod';
import { BridgeError } from '../errors.ts';
import { printKeyPath } from './parse-jsonc.ts';

export type KeyPath = readonly PropertyKey[];

/** An error about one key of the mcp.json, e.g. `mcp.json: mcpServers.files.args[1] must be text.` */
export function invalid(path: KeyPath, problem: string): BridgeError {
  const printed = printKeyPath(path);
  return new BridgeError('MCP_CONFIG_INVALID', `mcp.json: ${printed || 'the file'} ${problem}.`, { path: printed });
}

/** Parses the value with the schema. @throws BridgeError with the path of the first invalid key. */
export function check<T>(schema: z.ZodType<T>, value: unknown, path: KeyPath): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid([...path, ...(issue?.path ?? [])], `is wrong: ${issue?.message ?? 'it is not understood'}`);
}
