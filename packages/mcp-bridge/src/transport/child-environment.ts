import type { Environment } from '../config/interpolate.ts';

/**
 * What a child inherits. HOME is among them because package runners and many servers keep their caches and logins
 * there; hiding the variable would hide no file from a process of the same user.
 */
export const inheritedVariables = ['HOME', 'LANG', 'PATH', 'TERM'] as const;

/** A child's environment: the few variables above and what the mcp.json says, never the host's own secrets. */
export function childEnvironment(host: Environment, configured: Readonly<Record<string, string>>): Environment {
  const environment: Record<string, string> = {};
  for (const name of inheritedVariables) {
    const value = host[name];
    // A value that starts so is a function exported by bash (CVE-2014-6271).
    if (value !== undefined && !value.startsWith('()')) environment[name] = value;
  }
  return { ...environment, ...configured };
}
