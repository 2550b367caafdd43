import type { Principal } from '@latchkey/auth-core';
import type { McpHost, McpHostView } from '@latchkey/mcp-bridge';

/** The MCP servers as one caller uses them: with the logins of its owner. Callers without a token have none. */
export const hostFor = <Host extends Pick<McpHost, 'forOwner'>>(
  host: Host,
  { kind, owner }: Pick<Principal, 'kind' | 'owner'>,
): McpHostView | Host => (kind === 'anonymous' ? host : host.forOwner(owner));
