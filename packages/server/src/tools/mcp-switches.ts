import type { JudgedCall } from './audited-gate.ts';

/** What the operator has switched on for all callers; a token's grants apply in addition. */
export interface McpSwitches {
  readonly allowMcpJson: boolean;
  readonly allowEphemeralMcp: boolean;
}

const reason = 'the setting allowMcpJson of this server is off; its operator can switch it on';

/** The verdict for every server of the mcp.json while they are switched off. */
export const MCP_JSON_IS_OFF: JudgedCall = { allowed: false, reason, facts: { rule: 'allowMcpJson', reason } };
