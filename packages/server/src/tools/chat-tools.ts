import type { Principal } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import type { McpHost } from '@latchkey/mcp-bridge';
import type { PendingCalls } from '../approvals/pending-calls.ts';
import type { ToolAudit } from '../audit/tool-audit.ts';
import type { ChatRequest } from '../contracts/chat-request.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import { askApprovalFor } from './ask-approval.ts';
import type { CallCounter } from './audited-gate.ts';
import { explainApprovalFor } from './explain-approval.ts';
import { hostFor } from './host-for.ts';
import type { McpSwitches } from './mcp-switches.ts';
import { openToolset } from './open-toolset.ts';
import type { Decide } from './permission-gate.ts';
import { followTaint, type TaintRules } from './taint.ts';

export interface ChatToolsOptions {
  readonly auth: Pick<Auth, 'decide'>;
  readonly host: Pick<McpHost, 'openToolset' | 'forOwner'>;
  readonly switches: () => McpSwitches;
  /** Creates the audit for the calls of one caller. */
  readonly audit: (principal: Principal) => ToolAudit;
  /** Where calls wait for a person. */
  readonly pending: Pick<PendingCalls, 'ask'>;
  /** Counts the calls that a rule limits. */
  readonly counter: CallCounter;
  readonly taint: TaintRules;
}

/** Opens the tools of one chat; `request.messages` contains its whole conversation. Throws as `openToolset` does. */
export type OpenChatTools = (
  caller: { readonly principal: Principal; readonly decide: Decide },
  request: Pick<ChatRequest, 'integrations' | 'messages'>,
  signal: AbortSignal,
) => Promise<ChatToolset>;

export const createChatTools =
  ({ auth, host, switches, audit, pending, counter, taint }: ChatToolsOptions): OpenChatTools =>
  ({ principal, decide }, { integrations, messages }, signal) =>
    openToolset(hostFor(host, principal), integrations, {
      decide,
      explain: explainApprovalFor(auth, principal),
      switches,
      audit: audit(principal),
      signal,
      ask: askApprovalFor(pending, principal),
      counter,
      taint: followTaint(
        taint,
        messages.some(({ role }) => role === 'tool'),
      ),
    });
