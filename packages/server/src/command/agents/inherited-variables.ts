import type { Environment } from '@latchkey/client';

/** Variables beside our own in which our command finds a token of this server. */
const TOKENS: ReadonlySet<string> = new Set(['LM_API_TOKEN', 'LM_STUDIO_API_KEY']);

/**
 * The variables that an agent gets from this process: none of Latchkey's own, which name secrets, databases and their
 * files; no token of this server; and none of `without`, which belong to other servers.
 *
 * @param token the token that the agent's own is made with, wherever it is
 */
export function inheritedVariables(
  environment: Environment,
  token: string | undefined,
  without: readonly string[] = [],
): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([written, value = '']) => {
    // Windows reads names without regard to case.
    const name = written.toUpperCase();
    const hasToken = token !== undefined && token !== '' && value.includes(token);
    return !name.startsWith('LATCHKEY_') && !TOKENS.has(name) && !hasToken && !without.includes(name);
  });
  return Object.fromEntries(kept);
}
