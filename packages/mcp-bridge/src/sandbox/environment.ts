import type { Environment } from '../config/interpolate.ts';

/** A command, and the variables of the process that starts it. */
export interface StartedCommand {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const isPlainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Passes variables to a program without exposing the sandbox tools to them: a variable such as LD_PRELOAD would affect
 * these tools. Each variable is therefore passed as the value of another one with a meaningless name, and a shell
 * inside the sandbox sets the real ones. A command line would not do, as every user of the machine can read it.
 */
export function carryEnvironment(variables: Environment, command: readonly string[]): StartedCommand {
  const given = Object.entries(variables).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const carried = given.map(([name, value], index) => ({ as: `MCP_CARRIED_${index}`, name, text: `${name}=${value}` }));
  const environment = Object.fromEntries(carried.map(({ as, text }) => [as, text]));
  const set = carried.filter(({ name }) => isPlainName.test(name)).map(({ as }) => `export "$${as}";`);
  // A shell cannot set names such as "npm_config_//registry".
  const others = carried.filter(({ name }) => !isPlainName.test(name)).map(({ as }) => `"$${as}"`);
  const unset = carried.map(({ as }) => `-u ${as}`);
  // `env` is run by its full path, because PATH already is the program's.
  const script = `${set.join(' ')} exec /usr/bin/env ${[...unset, '-u', 'PWD', '-u', 'OLDPWD', ...others].join(' ')} "$@"`;
  return { args: ['/bin/sh', '-c', script, 'mcp', ...command], environment };
}
