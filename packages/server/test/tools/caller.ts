import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { createMcpHost, type McpHost, type McpHostOptions, parseMcpJson } from '@latchkey/mcp-bridge';
import { type ScriptedMode, scriptedOpener } from '@latchkey/mcp-bridge/testing';
import { onTestFinished } from 'vitest';
import type { ToolAudit } from '../../src/audit/tool-audit.ts';
import type { McpSwitches } from '../../src/tools/mcp-switches.ts';
import type { Decide } from '../../src/tools/permission-gate.ts';
import type { TaintRules } from '../../src/tools/taint.ts';

/** A server whose operator has switched nothing off. */
export const ALL_ON = (): McpSwitches => ({ allowMcpJson: true, allowEphemeralMcp: true });

/** A server whose operator has labelled no tool. */
export const TAINT_OFF: TaintRules = { taint: 'off', taintedCalls: ['egress'], toolLabels: {} };

/** An audit that remembers nothing. */
export const UNAUDITED: ToolAudit = {
  called: async () => undefined,
  awaited: async () => undefined,
  ended: () => undefined,
  denied: async () => undefined,
  unknown: () => undefined,
};

/** The decision about somebody who holds a token with this grant. */
export async function decideFor(grant: unknown, policy?: unknown): Promise<Decide> {
  const auth = createAuth({
    vocabulary: llm,
    store: createMemoryTokenStore(),
    digestKey: new Uint8Array(32).fill(7),
    patterns: re2jsPatterns,
    ...(policy === undefined ? {} : { policy: llm.parseGrant(policy) }),
  });
  const { token } = await auth.issue({ name: 'ci', grant: grant as Grant }, auth.operator());
  const principal = await auth.verify(token);
  return (request, entries) => auth.decide(principal, request, { entries });
}

/** A real host of servers in memory: `mcp/a` (as `modes` say) and `mcp/b` behave, `mcp/dead` dies at its start. */
export function newHost(
  onStart: (label: string) => void = () => {},
  {
    modes = [],
    ...options
  }: Pick<McpHostOptions, 'pins' | 'limits'> & { readonly modes?: readonly ScriptedMode[] } = {},
): McpHost {
  const server = (...args: string[]) => ({ command: 'scripted', args });
  const mcpServers = { a: server(...modes), b: server(), dead: server('die-at-start') };
  const config = parseMcpJson(JSON.stringify({ mcpServers }), {});
  const host = createMcpHost({ config, opener: scriptedOpener(onStart), ...options });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}
