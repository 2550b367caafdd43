import { BridgeError, type Environment, loadMcpJson, type McpConfig } from '@latchkey/mcp-bridge';
import { OperatorError } from '../contracts/operator-error.ts';
import { describeSystemError, isSystemError } from './path-failure.ts';
import { requirePrivate } from './private-path.ts';

/**
 * Reads the mcp.json at `path`, which names programs that will be started.
 *
 * @throws {OperatorError} `unsafe_path` when other users can change or read it; `invalid_configuration`, with the path,
 *   when it cannot be read or is not valid
 */
export async function openMcpJson(path: string, environment: Environment): Promise<McpConfig> {
  requirePrivate(path, 'file');
  try {
    return await loadMcpJson(path, environment);
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    const { cause } = error;
    const message = isSystemError(cause)
      ? describeSystemError(path, cause)
      : `${path}: ${error.message.replace(/^mcp\.json: /, '')}`;
    throw new OperatorError('invalid_configuration', message, { cause: error });
  }
}
