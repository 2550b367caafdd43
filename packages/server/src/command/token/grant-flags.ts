import { type Grant, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { readGrant } from '../read-grant.ts';
import { splitToolName } from '../split-tool-name.ts';
import { collect, GRANT } from './token-options.ts';

/** The flags that write a grant without JSON, and the one that is a whole grant. */
export interface GrantFlags {
  readonly grant?: string;
  readonly models?: readonly string[];
  readonly tools?: readonly string[];
  readonly limit?: readonly string[];
}

/** The value of `--tools` that allows no tools at all. */
const NO_TOOLS = 'none';

/** Adds the flags of `GrantFlags` to a command that makes a grant. */
export const addGrantFlags = (command: Command): Command =>
  command
    .option(GRANT, 'what it may do (default: chat with every model, no tools)')
    .option('--models <globs>', 'with which models, e.g. ibm/*', collect)
    .option('--tools <globs>', "with which tools, e.g. mcp/files.read_*,mcp/web, or 'none'", collect)
    .option('--limit <name=number>', 'a limit, e.g. requestsPerMinute=60; repeatable', collect);

/** Reads a grant as the server does, so that a mistake is reported before anything is sent. */
export const parseGrant = (value: unknown): Grant => llm.parseGrant(value, { at: 'grant', patterns: re2jsPatterns });

/** Builds the grant that the flags describe: a first grant, with the models, tools and limits that they name. */
export function writeGrant({ grant, models, tools, limit }: GrantFlags, first: Grant): Grant {
  const parts = {
    ...(models === undefined ? {} : { models }),
    ...(tools === undefined ? {} : { mcp: readTools(tools) }),
    ...(limit === undefined ? {} : { limits: Object.fromEntries(limit.map(readLimit)) }),
  };
  if (grant === undefined) return parseGrant({ ...first, ...parts });
  if (Object.keys(parts).length === 0) return readGrant(grant);
  throw new CommandError('--grant says all: write models, tools and limits into it, or leave it out.');
}

/** Reads names such as `mcp/files.read_*` as the rules of a grant. */
export function readTools(names: readonly string[]): NonNullable<Grant['mcp']> {
  const servers = new Map<string, Record<string, object>>();
  for (const text of names.filter((name) => name !== NO_TOOLS)) {
    const { server, name = '*' } = splitToolName(text);
    servers.set(server, { ...servers.get(server), [name]: {} });
  }
  return Object.fromEntries([...servers].map(([server, tools]) => [server, { tools }]));
}

function readLimit(text: string): readonly [string, number] {
  const at = text.indexOf('=');
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && value.trim() !== '' && Number(value) >= 0) return [name, Number(value)];
  throw new CommandError(`--limit: '${text}' is not NAME=NUMBER, e.g. requestsPerMinute=60.`);
}
