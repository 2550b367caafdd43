import type { Environment } from '../config/interpolate.ts';

/**
 * The variables that a child inherits. HOME is included because package runners and many servers keep caches and logins
 * there; without the variable, a process of the same user could read these files anyway.
 */
export const inheritedVariables = ['HOME', 'LANG', 'PATH', 'TERM'] as const;

/** Returns a child's environment: the few variables above and those of the mcp.json, never the host's own secrets. */
export function childEnvironment(host: Environment, configured: Readonly<Record<string, string>>): Environment {
  const environment: Record<string, string> = {};
  for (const name of inheritedVariables) {
    const value = host[name];
    // A value that starts like this is a function exported by bash (CVE-2014-6271).
    if (value !== undefined && !value.startsWith('()')) environment[name] = value;
  }
  return { ...environment, ...configured };
}
