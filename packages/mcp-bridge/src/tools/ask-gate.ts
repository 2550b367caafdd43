import type { BridgeLogger } from '../logger.ts';
import type { ToolGate, ToolGateCall, ToolVerdict } from './tool-gate.ts';

/** Asks the gate and fails closed: an error, or an answer that is not plainly yes, is a no. */
export async function askGate(gate: ToolGate, call: ToolGateCall, logger: BridgeLogger): Promise<ToolVerdict> {
  const failed: ToolVerdict = { allowed: false, reason: 'The permission check failed.' };
  try {
    const verdict: ToolVerdict | undefined = await gate(call);
    if (verdict?.allowed === true) return { allowed: true };
    return verdict?.allowed === false ? { allowed: false, reason: String(verdict.reason) } : failed;
  } catch (error) {
    logger.error({ server: call.server, tool: call.tool, error }, 'The tool gate threw; the call is denied');
    return failed;
  }
}
