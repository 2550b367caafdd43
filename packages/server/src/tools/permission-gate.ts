import { type AccessRequest, type AuthorityEntry, type Decision, describeDenial } from '@latchkey/auth-core';
import type { ToolGate } from '@latchkey/mcp-bridge';

/** Decides for one caller; entries of the request itself can only narrow. */
export type Decide = (request: AccessRequest, entries: readonly AuthorityEntry[]) => Decision;

/**
 * Makes auth-core's decision the bridge's gate: listing and calling ask the same question, one with arguments and one
 * without.
 *
 * @param entries the request's own grants, e.g. its `allowed_tools`
 */
export function createPermissionGate(decide: Decide, entries: readonly AuthorityEntry[]): ToolGate {
  return (call) => {
    const tool = {
      server: call.server,
      ...(call.tool === undefined ? {} : { name: call.tool }),
      ...(call.arguments === undefined ? {} : { arguments: call.arguments }),
    };
    const decision = decide({ action: 'chat', tool }, entries);
    if (!decision.allowed) return { allowed: false, reason: describeDenial(decision) };
    if (decision.approval && call.arguments !== undefined) {
      return {
        allowed: false,
        reason: 'this call needs the approval of a person, which this server cannot ask for yet',
      };
    }
    return { allowed: true };
  };
}
