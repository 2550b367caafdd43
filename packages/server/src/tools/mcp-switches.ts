import type { JudgedCall } from './audited-gate.ts';

/** What the operator has switched on for all callers; a token's grant comes after it. */
export interface McpSwitches {
  readonly allowMcpJson: boolean;
  readonly allowEphemeralMcp: boolean;
}

const reason = 'the setting allowMcpJson of this server is off; its operator can switch it on';

/** What is said of any server of the mcp.json while they are switched off. */
export const MCP_JSON_IS_OFF: JudgedCall = { allowed: false, reason, facts: { rule: 'allowMcpJson', reason } };
