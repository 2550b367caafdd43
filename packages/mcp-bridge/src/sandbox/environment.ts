import type { Environment } from '../config/interpolate.ts';

/** A command and the variables of whatever starts it. */
export interface StartedCommand {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const isPlainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Hands variables to a program past the tools that build its walls. To these a variable such as LD_PRELOAD would be an order; so
 * they get each as the text of a variable that means nothing to anybody, and a shell inside of the walls sets the real
 * ones. On a command line they could be read by every user of the machine.
 */
export function carryEnvironment(variables: Environment, command: readonly string[]): StartedCommand {
  const given = Object.entries(variables).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const carried = given.map(([name, value], index) => ({ as: `MCP_CARRIED_${index}`, name, text: `${name}=${value}` }));
  const environment = Object.fromEntries(carried.map(({ as, text }) => [as, text]));
  const set = carried.filter(({ name }) => isPlainName.test(name)).map(({ as }) => `export "$${as}";`);
  // A shell knows no names such as "npm_config_//registry".
  const others = carried.filter(({ name }) => !isPlainName.test(name)).map(({ as }) => `"$${as}"`);
  const unset = carried.map(({ as }) => `-u ${as}`);
  // `env` is found by its full path: PATH is the program's by then.
  const script = `${set.join(' ')} exec /usr/bin/env ${[...unset, '-u', 'PWD', '-u', 'OLDPWD', ...others].join(' ')} "$@"`;
  return { args: ['/bin/sh', '-c', script, 'mcp', ...command], environment };
}
