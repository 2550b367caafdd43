import { computeScopeUnion } from '@modelcontextprotocol/client';
import type { LoginSettings } from '../config/read-login.ts';
import type { Challenge, Discovered } from './discovery.ts';

/**
 * The scopes to ask for: those of the mcp.json, else those of the server's challenge, else those of its metadata; and
 * those that it has asked for since the last login. For a person, also the one that OpenID Connect wants for a refresh
 * token.
 */
export function chooseScope(
  { scopes, grant }: Pick<LoginSettings, 'scopes' | 'grant'>,
  challenge: Challenge,
  found: Discovered,
  further: string | undefined,
): string | undefined {
  const written = scopes === undefined ? undefined : scopes.join(' ');
  const chosen = written ?? challenge.scope ?? (found.scopes.length === 0 ? undefined : found.scopes.join(' '));
  const isOffline =
    grant === 'login' &&
    written === undefined &&
    chosen !== undefined &&
    found.server.scopes.includes('offline_access');
  return computeScopeUnion(chosen, further, isOffline ? 'offline_access' : undefined);
}
