import { BridgeError } from '../errors.ts';
import { JsoncError, parseLeniently, type ReadJson } from './parse-jsonc.ts';

/** Parses an mcp.json. Throws BridgeError `MCP_CONFIG_INVALID`. */
export function readJsonc(text: string): ReadJson {
  try {
    return parseLeniently(text);
  } catch (cause) {
    if (!(cause instanceof JsoncError)) throw cause;
    throw new BridgeError('MCP_CONFIG_INVALID', `The mcp.json is not JSON: ${cause.message}.`, { path: '', cause });
  }
}
