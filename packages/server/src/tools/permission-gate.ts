import { type Auth, type AuthorityEntry, describeDenial, type Principal } from '@latchkey/auth-core';
import type { ToolGate } from '@latchkey/mcp-bridge';

/** Who calls, from where, and what the request itself leaves of that. */
export interface GateOptions {
  readonly auth: Auth;
  readonly principal: Principal;
  readonly address: string | undefined;
  /** The request's own grants, e.g. its `allowed_tools`. */
  readonly entries: readonly AuthorityEntry[];
}

/**
 * Makes auth-core's decision the bridge's gate: listing and calling ask the same question, one with arguments and one
 * without.
 */
export function createPermissionGate({ auth, principal, address, entries }: GateOptions): ToolGate {
  return (call) => {
    const tool = {
      server: call.server,
      ...(call.tool === undefined ? {} : { name: call.tool }),
      ...(call.arguments === undefined ? {} : { arguments: call.arguments }),
    };
    const decision = auth.decide(
      principal,
      { action: 'chat', tool },
      { entries, ...(address === undefined ? {} : { address }) },
    );
    if (!decision.allowed) return { allowed: false, reason: describeDenial(decision) };
    if (decision.approval && call.arguments !== undefined) {
      return { allowed: false, reason: 'this call needs the approval of a person, which this server cannot ask for yet' };
    }
    return { allowed: true };
  };
}
