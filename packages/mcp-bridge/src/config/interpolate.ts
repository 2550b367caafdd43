import { basename, sep } from 'node:path';
import { isHandedOn } from '../transport/child-environment.ts';

/** The environment of a process; unset variables are undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The values that placeholders of an mcp.json are replaced by. */
export interface Substitutions {
  readonly environment: Environment;
  /** The folder of the file, for `${workspaceFolder}`; absent when there is no file. */
  readonly folder?: string;
  /** The `inputs` of the file: id to default value. */
  readonly inputs?: ReadonlyMap<string, string | undefined>;
  /** The variables that the entry itself sets, which come before those of the environment. */
  readonly own?: Readonly<Record<string, string>>;
}

/** `${…}`, and what OpenCode writes: `{env:NAME}`, `{file:path}`. */
const placeholder = /\$\{([^}]*)\}|\{(env:[A-Za-z_]\w*|file:[^}\s]+)\}/g;
/**
 * `$NAME` where no program would expect it: alone, after `=` or the name of a header, and after the scheme of a credential.
 * Elsewhere it is the text of a script, or of a password.
 */
const bare =
  /^((?:\S*=|[\w-]+:\s*)?(?:(?:[Bb]earer|BEARER|[Bb]asic|[Tt]oken|[Aa]pi-?[Kk]ey)\s+)?)\$([A-Z_][A-Z0-9_]*)$/;
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Returns the environment variable for an input: `api-key` is read from `MCP_INPUT_API_KEY`. */
export function inputVariable(id: string): string {
  return `MCP_INPUT_${id.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/**
 * Replaces `${VAR}`, `${env:VAR}`, `${VAR:-default}`, `${userHome}`, `${workspaceFolder}`,
 * `${workspaceFolderBasename}`, `${pathSeparator}`, `${/}`, `${input:id}` and `{env:VAR}` once, and `$VAR` where it is the
 * value or the end of one: the result is not scanned again. A variable that is unset or empty and has no default is reported, so that neither the literal text nor an empty string reaches a server in place of a secret. `secrets` lists
 * the inserted values that are neither in the file nor known to every child.
 */
export function interpolate(
  text: string,
  substitutions: Substitutions,
): { readonly value: string; readonly secrets: readonly string[]; readonly problem?: string } {
  let problem: string | undefined;
  const secrets: string[] = [];
  const braced = text.replace(bare, (_, before: string, name: string) => `${before}\${${name}}`);
  const value = braced.replace(placeholder, (whole, dollar: string | undefined, brace: string | undefined) => {
    const found = find(whole, dollar ?? brace ?? '', substitutions);
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

function find(whole: string, expression: string, { environment, folder, inputs, own }: Substitutions): Found {
  if (expression === 'workspaceFolder') {
    return folder ?? { problem: `"${whole}" is the folder of the file, and there is none` };
  }
  if (expression === 'workspaceFolderBasename') {
    return folder === undefined
      ? { problem: `"${whole}" is of the folder of the file, and there is none` }
      : basename(folder);
  }
  if (expression === 'pathSeparator' || expression === '/') return sep;
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
  if (own !== undefined && Object.hasOwn(own, match[1])) return own[match[1]] ?? '';
  // A value that every child gets is not a secret from it, and hiding a folder would make a log unreadable.
  const isKnown = isHandedOn(match[1], read(environment, match[1]) ?? '');
  return (isKnown ? read : readSecret)(environment, match[1]) ?? match[2] ?? unset(match[1]);
}

/** Replaces a `~` at the beginning of a path by the home, as a shell does; without a home the text stays as it is. */
export function expandHome(text: string, { environment }: Pick<Substitutions, 'environment'>): string {
  const home = /^~(?=\/|$)/.test(text) ? read(environment, 'HOME') : undefined;
  return home === undefined ? text : `${home}${text.slice(1)}`;
}

/** Returns undefined also for an empty variable. */
function read(environment: Environment, name: string): string | undefined {
  return (Object.hasOwn(environment, name) ? environment[name] : undefined) || undefined;
}

function readSecret(environment: Environment, name: string): { readonly secret: string } | undefined {
  const secret = read(environment, name);
  return secret === undefined ? undefined : { secret };
}

const unset = (name: string) => ({ problem: `the environment variable ${name} is not set` });
