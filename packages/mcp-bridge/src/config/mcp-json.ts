import { z } from 'zod';
import { BridgeError } from '../errors.ts';
import { type Environment, interpolate } from './interpolate.ts';
import type { McpConfig, McpServerEntry } from './mcp-config.ts';
import { pluginId } from './plugin-id.ts';
import { printKeyPath, readJsonc } from './read-jsonc.ts';

const noNull = z.string().refine((text) => !text.includes('\0'), 'must not hold a NUL character');
const variableName = z.string().regex(/^[^=\0]+$/, 'must be the name of an environment variable');

const stdioSchema = z.object({
  type: z.literal('stdio').optional(),
  command: noNull.min(1),
  args: z.array(noNull).default([]),
  env: z.record(variableName, noNull).default({}),
  cwd: noNull.min(1).optional(),
});

const httpSchema = z.object({
  type: z.enum(['http', 'streamable-http', 'streamableHttp', 'streamable_http']).optional(),
  url: z.string().min(1),
  headers: z.record(z.string(), z.string()).default({}),
});

const rootSchema = z.object({ mcpServers: z.record(z.string(), z.record(z.string(), z.unknown())) });

const labelPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// The transport's own headers: a file that sets them breaks the framing of HTTP or the protocol's session.
const reservedHeader =
  /^(host|connection|upgrade|te|trailer|transfer-encoding|keep-alive|accept|last-event-id|content-.*|proxy-.*|mcp-.*)$/i;
// A key that narrows in another host's notation: to read over it would let more through than the file says.
const narrowingKeys = ['allowedTools', 'includeTools', 'disabledTools', 'excludeTools', 'sandbox', 'sandboxEnabled'];
const grantingKeys = ['autoApprove', 'alwaysAllow', 'trust'];

/**
 * Reads an mcp.json in Claude's, Cursor's and LM Studio's notation, with comments and trailing commas:
 * `mcpServers` with `command`, `args`, `env`, `cwd` or `url`, `headers` each. `${VAR}`, `${env:VAR}` and
 * `${VAR:-default}` are replaced in all of these from `environment`; a server whose variable is unset stays in the
 * configuration and fails to start, saying which. A server with `"disabled": true` is left out. Keys such as
 * `autoApprove` never grant anything.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID`, with the path of the key in `path` and in the message.
 *
 * @example
 * ```ts
 * import { parseMcpJson } from '@latchkey/mcp-bridge';
 *
 * const text = '{ "mcpServers": { "files": { "command": "mcp-server-filesystem", "args": ["/srv/docs"] } } }';
 * const config = parseMcpJson(text, process.env);
 * config.servers.get('files')?.id; // 'mcp/files'
 * ```
 */
export function parseMcpJson(text: string, environment: Environment): McpConfig {
  const root = check(rootSchema, readJsonc(text), []);
  const servers = new Map<string, McpServerEntry>();
  const labelById = new Map<string, string>();
  const warnings: string[] = [];
  for (const [label, raw] of Object.entries(root.mcpServers)) {
    const path = ['mcpServers', label];
    if (!labelPattern.test(label)) {
      throw invalid(path, 'must be 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first');
    }
    const id = pluginId(label);
    const other = labelById.get(id);
    if (other !== undefined)
      throw invalid(path, `and mcpServers.${other} are both reached as ${id}; rename one of them`);
    labelById.set(id, label);
    if (raw.disabled === true || raw.enabled === false) continue;
    servers.set(label, readEntry(label, id, raw, environment));
    warnings.push(...readOver(path, raw));
  }
  return Object.freeze({ servers, warnings });
}

function readEntry(label: string, id: string, raw: Record<string, unknown>, environment: Environment): McpServerEntry {
  const path = ['mcpServers', label];
  for (const key of narrowingKeys) {
    if (Object.hasOwn(raw, key)) {
      throw invalid([...path, key], 'narrows what may happen, which this server does by tokens; remove it here');
    }
  }
  if (Object.hasOwn(raw, 'command') === Object.hasOwn(raw, 'url')) {
    throw invalid(path, 'must have either "command" (a program) or "url" (a remote server)');
  }
  let problem: string | undefined;
  const fill = (written: string, ...key: readonly PropertyKey[]): string => {
    const filled = interpolate(written, environment);
    if (filled.problem !== undefined) problem ??= `${printKeyPath([...path, ...key])}: ${filled.problem}`;
    return filled.value;
  };
  const fillRecord = (record: Record<string, string>, key: string): Record<string, string> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fill(value, key, name)]));

  if (Object.hasOwn(raw, 'command')) {
    const read = check(stdioSchema, raw, path);
    const entry = {
      transport: 'stdio' as const,
      label,
      id,
      command: fill(read.command, 'command'),
      args: read.args.map((argument, index) => fill(argument, 'args', index)),
      env: fillRecord(read.env, 'env'),
      ...(read.cwd === undefined ? {} : { cwd: fill(read.cwd, 'cwd') }),
    };
    return Object.freeze(problem === undefined ? entry : { ...entry, problem });
  }

  const read = check(httpSchema, raw, path);
  const url = fill(read.url, 'url');
  const headers = fillRecord(read.headers, 'headers');
  if (problem === undefined) {
    checkUrl([...path, 'url'], url);
    for (const [name, value] of Object.entries(headers)) checkHeader([...path, 'headers', name], name, value);
  }
  const entry = { transport: 'http' as const, label, id, url, headers };
  return Object.freeze(problem === undefined ? entry : { ...entry, problem });
}

function checkUrl(path: readonly PropertyKey[], text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw invalid(path, 'must be an http or https URL');
  if (url.username !== '' || url.password !== '') throw invalid(path, 'must not hold a user; use "headers"');
}

function checkHeader(path: readonly PropertyKey[], name: string, value: string): void {
  if (!headerName.test(name)) throw invalid(path, 'is not the name of an HTTP header');
  if (reservedHeader.test(name)) throw invalid(path, 'is set by the transport itself; remove it');
  // Checked here because the platform's own error would quote the value, which may be a secret.
  if (!/^[\t\x20-\x7E]*$/.test(value)) throw invalid(path, 'must be visible ASCII');
}

function* readOver(path: readonly PropertyKey[], raw: Record<string, unknown>): Generator<string> {
  const known = Object.keys(Object.hasOwn(raw, 'command') ? stdioSchema.shape : httpSchema.shape);
  for (const key of Object.keys(raw)) {
    if (known.includes(key) || key === 'disabled' || key === 'enabled') continue;
    const printed = printKeyPath([...path, key]);
    yield grantingKeys.includes(key)
      ? `${printed} has no effect: what may be called is decided by tokens alone`
      : `${printed} is not known and has no effect`;
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, path: readonly PropertyKey[]): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid([...path, ...(issue?.path ?? [])], `is wrong: ${issue?.message ?? 'it is not understood'}`);
}

function invalid(path: readonly PropertyKey[], problem: string): BridgeError {
  const printed = printKeyPath(path);
  return new BridgeError('MCP_CONFIG_INVALID', `mcp.json: ${printed || 'the file'} ${problem}.`, { path: printed });
}
