import { inheritedVariables } from '../transport/child-environment.ts';

/** The environment of a process: what is not set is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the placeholders of an mcp.json may stand for. */
export interface Substitutions {
  readonly environment: Environment;
  /** The folder of the file, for `${workspaceFolder}`; absent where there is no file. */
  readonly folder?: string;
  /** The `inputs` of the file: id to default. */
  readonly inputs?: ReadonlyMap<string, string | undefined>;
}

const placeholder = /\$\{([^}]*)\}/g;
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** The environment variable that answers an input: `api-key` is asked for in `MCP_INPUT_API_KEY`. */
export function inputVariable(id: string): string {
  return `MCP_INPUT_${id.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/**
 * Replaces `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${userHome}`, `${workspaceFolder}` and `${input:id}`, once: what
 * comes out is not looked at again, and `$VAR` stays. What is unset or empty and has no default is reported, so that
 * neither the literal text nor an empty string ever reaches a server as if it were a secret. `secrets` is what was put
 * in and neither stands in the file nor is known to every child.
 */
export function interpolate(
  text: string,
  substitutions: Substitutions,
): { readonly value: string; readonly secrets: readonly string[]; readonly problem?: string } {
  let problem: string | undefined;
  const secrets: string[] = [];
  const value = text.replace(placeholder, (whole, expression: string) => {
    const found = find(whole, expression, substitutions);
    if (typeof found === 'string') return found;
    if ('secret' in found) {
      secrets.push(found.secret);
      return found.secret;
    }
    problem ??= found.problem;
    return '';
  });
  return problem === undefined ? { value, secrets } : { value, secrets, problem };
}

type Found = string | { readonly secret: string } | { readonly problem: string };

function find(whole: string, expression: string, { environment, folder, inputs }: Substitutions): Found {
  if (expression === 'workspaceFolder') {
    return folder ?? { problem: `"${whole}" is the folder of the file, and there is none` };
  }
  if (expression === 'userHome') return read(environment, 'HOME') ?? unset('HOME');
  if (expression.startsWith('input:')) {
    const id = expression.slice('input:'.length);
    if (!inputs?.has(id)) return { problem: `"${whole}" is not among the "inputs" of the file` };
    return readSecret(environment, inputVariable(id)) ?? inputs.get(id) ?? unset(inputVariable(id));
  }
  if (expression.includes('${')) return { problem: `"${whole}" is not understood: a default can hold no placeholder` };
  const match = variable.exec(expression);
  if (match?.[1] === undefined) {
    return { problem: `"${whole}" is not understood; write \${NAME} or \${NAME:-default}` };
  }
  // What every child gets is no secret to it, and a folder that is hidden makes a log unreadable.
  const isKnown = inheritedVariables.some((name) => name === match[1]);
  return (isKnown ? read : readSecret)(environment, match[1]) ?? match[2] ?? unset(match[1]);
}

/** Undefined also for an empty one. */
function read(environment: Environment, name: string): string | undefined {
  return (Object.hasOwn(environment, name) ? environment[name] : undefined) || undefined;
}

function readSecret(environment: Environment, name: string): { readonly secret: string } | undefined {
  const secret = read(environment, name);
  return secret === undefined ? undefined : { secret };
}

const unset = (name: string) => ({ problem: `the environment variable ${name} is not set` });
