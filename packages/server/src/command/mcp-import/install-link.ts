import { JsoncError, parseJsonc } from '@latchkey/mcp-bridge/jsonc';
import { CommandError } from '../command-error.ts';

/** A server as a link describes it: its name, and an entry in the notation of some host. */
export interface LinkedServer {
  readonly name: string;
  readonly entry: unknown;
}

/** More than this is no link. */
const MOST_CHARACTERS = 65_536;
/** A link of a website may contain the link that an editor opens. */
const MOST_LINKS_INSIDE = 2;

/** Whether a text is a link, and not the path of a file. */
export const isLink = (text: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[a-z]:[\\/]/i.test(text);

/**
 * Reads the link of an "add to …" button, as LM Studio, Cursor, VS Code, Kiro and Goose have them. Nothing is fetched: what the
 * link says is in the link.
 *
 * @throws {CommandError} for a link that describes no server
 */
export function readInstallLink(link: string, depth = 0): LinkedServer {
  const url = link.length > MOST_CHARACTERS ? null : URL.parse(link);
  if (url === null || depth > MOST_LINKS_INSIDE) throw notUnderstood();
  const { searchParams: query } = url;
  const inside = query.get('url') ?? '';
  if (isLink(inside) && !query.has('cmd') && url.protocol !== 'goose:') return readInstallLink(inside, depth + 1);
  // The whole query of `vscode:mcp/install?…` is the entry.
  const whole = readEntry(decode(url.search.slice(1)));
  const entry = whole ?? readEntry(query.get('config') ?? '') ?? readGoose(query);
  if (entry === undefined) throw notUnderstood();
  const { name, ...rest } = entry;
  const found = query.get('name') ?? name;
  if (typeof found !== 'string' || found === '') throw notUnderstood();
  return { name: found, entry: rest };
}

const notUnderstood = (): CommandError =>
  new CommandError(
    'This link describes no MCP server. Links of LM Studio, Cursor, VS Code, Kiro and Goose are read; save anything else as a file, and name that.',
  );

type Entry = Readonly<Record<string, unknown>>;

/** The entry in a text: JSON, or base64 of it, in which a form has made blanks of plus signs. */
function readEntry(text: string): Entry | undefined {
  const texts = [text, Buffer.from(text.replaceAll(' ', '+'), 'base64').toString('utf8')];
  for (const json of texts) {
    try {
      const value = parseJsonc(json);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Entry;
    } catch (error) {
      // The other spelling, then.
      if (!(error instanceof JsoncError)) throw error;
    }
  }
  return undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** `goose://extension?cmd=…&arg=…&env=NAME=what it is`: the variables are named, without values. */
function readGoose(query: URLSearchParams): Entry | undefined {
  const [cmd, url] = [query.get('cmd'), query.get('url')];
  if (cmd === null && url === null) return undefined;
  const names = query.getAll('env').map((text) => text.split('=', 1)[0] ?? '');
  return {
    ...(cmd === null ? { url } : { command: cmd, args: query.getAll('arg') }),
    ...(names.length === 0 ? {} : { env_keys: names }),
  };
}
