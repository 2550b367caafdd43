import type { BridgeLogger } from '../logger.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { ToolGate, ToolGateCall, ToolGateContext, ToolVerdict } from './tool-gate.ts';

/** Asks the gate and fails closed: an error, or any answer but a plain yes, is a denial. */
export async function askGate(
  gate: ToolGate,
  call: ToolGateCall,
  context: ToolGateContext,
  logger: BridgeLogger,
): Promise<ToolVerdict> {
  const failed: ToolVerdict = { allowed: false, reason: 'The permission check failed.' };
  try {
    const verdict: ToolVerdict | undefined = await gate(call, context);
    if (verdict?.allowed === false) return { allowed: false, reason: String(verdict.reason) };
    if (verdict?.allowed !== true) return failed;
    const { arguments: args } = verdict;
    if (args === undefined) return { allowed: true };
    // The same object, so that a gate can recognize it in the outcome.
    return isObject(args) ? { allowed: true, arguments: deepFreeze(args) } : failed;
  } catch (error) {
    logger.error({ server: call.server, tool: call.tool, error }, 'The tool gate threw; the call is denied');
    return failed;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
