import { findMcpServers } from '@latchkey/mcp-bridge';
import { JsoncError, parseJsonc } from '@latchkey/mcp-bridge/jsonc';
import { isObject } from '../../input/is-object.ts';
import { CommandError } from '../command-error.ts';

type Entries = Readonly<Record<string, unknown>>;

/** More than this is no configuration. */
const MOST_CHARACTERS = 1_048_576;

/**
 * Reads the servers in the configuration of some host: JSON with comments, TOML (Codex) or YAML (Goose, Continue, LibreChat).
 *
 * @param name the name of the file, whose ending says what it is; without one the text is tried as each
 * @throws {CommandError} for a text that is none of these, or has no servers
 */
export async function readServers(text: string, name: string): Promise<Entries> {
  const root = await parseConfiguration(text, name);
  if (!isObject(root)) throw new CommandError(`${name} is not a configuration with MCP servers.`);
  if (isObject(root.mcp_servers)) return root.mcp_servers;
  return isGoose(root.extensions) ? root.extensions : findMcpServers(root);
}

/** Whether these are extensions of Goose, each of which says its type; other hosts have other things under that key. */
const isGoose = (extensions: unknown): extensions is Entries =>
  isObject(extensions) && Object.values(extensions).every((one) => isObject(one) && typeof one.type === 'string');

/**
 * Reads a configuration: JSON with comments, TOML or YAML.
 *
 * @param name the name of the file, whose ending says what it is; without one the text is tried as each
 * @throws {CommandError} for a text that is none of these, or is too long
 */
export async function parseConfiguration(text: string, name: string): Promise<unknown> {
  if (text.length > MOST_CHARACTERS) throw new CommandError(`${name} has more than 1 MiB: it is no configuration.`);
  if (/\.toml$/i.test(name)) return parseToml(text, name);
  if (/\.ya?ml$/i.test(name)) return parseYaml(text, name);
  if (/\.jsonc?$/i.test(name)) return parseJson(text, name);
  const parsers = [parseJson, parseToml, parseYaml];
  for (const one of parsers) {
    try {
      const root = await one(text, name);
      if (isObject(root)) return root;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }
  throw new CommandError(`${name} is neither JSON nor TOML nor YAML.`);
}

function parseJson(text: string, name: string): unknown {
  try {
    return parseJsonc(text);
  } catch (error) {
    if (!(error instanceof JsoncError)) throw error;
    throw invalid(name, 'JSON', [error.path, error.message].join(' ').trim());
  }
}

async function parseToml(text: string, name: string): Promise<unknown> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    // Only its first line: the next ones show the text, which may have secrets in it.
    if (!(error instanceof TomlError)) throw error;
    throw invalid(name, 'TOML', `line ${error.line}, column ${error.column}`);
  }
}

async function parseYaml(text: string, name: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw invalid(name, 'YAML', `${error.code} at character ${error.pos[0]}`);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw invalid(name, 'YAML', 'it has too many aliases');
  }
}

const invalid = (name: string, kind: string, what: string): CommandError =>
  new CommandError(`${name} is not valid ${kind}: ${what}.`);
