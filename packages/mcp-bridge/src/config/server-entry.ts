import { z } from 'zod';
import { dictionary, mostItems } from './dictionary.ts';
import { headerProblem, isReservedHeader, urlProblem } from './http-fields.ts';
import { expandHome, interpolate, type Substitutions } from './interpolate.ts';
import { check, invalid, type KeyPath } from './invalid-config.ts';
import type { McpServerEntry } from './mcp-config.ts';
import { isGranting, mayNarrow } from './narrowing-keys.ts';
import { printKeyPath } from './parse-jsonc.ts';
import { plainEntry } from './plain-entry.ts';
import { pluginId } from './plugin-id.ts';
import { isLimit, readLimits } from './read-limits.ts';
import { loginKeys, readLogin } from './read-login.ts';
import { readSandbox, sandboxKeys } from './read-sandbox.ts';
import { isSwitch } from './read-switch.ts';
import { isToolList, readToolFilter } from './read-tool-filter.ts';
import { readTransport, transportKeys } from './read-transport.ts';

const noNull = z.string().refine((text) => !text.includes('\0'), 'must not hold a NUL character');
const variableName = z.string().regex(/^[^=\0]+$/, 'must be the name of an environment variable');
const command = z.array(noNull).min(1).max(mostItems).optional();

const commonFields = {
  description: z.string().max(1024).optional(),
  pinned: z.enum(['everything', 'schemas', 'nothing']).optional(),
};

const stdioSchema = z.object({
  ...commonFields,
  command: noNull.min(1),
  args: z.array(noNull).max(mostItems).default([]),
  env: dictionary(noNull, variableName).default({}),
  envFile: noNull.min(1).optional(),
  envCommand: command,
  sha256: dictionary(
    z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 in hex, as sha256sum prints it'),
  ).optional(),
  cwd: noNull.min(1).optional(),
});

const remoteSchema = z.object({
  ...commonFields,
  headers: dictionary(z.string()).default({}),
  headersCommand: command,
});

/** An entry as written in the file; a program's `envFile` has not been read yet. */
export interface WrittenEntry {
  readonly entry: McpServerEntry;
  readonly envFile?: string;
}

/**
 * Reads the entry of one label. Placeholders are replaced in everything that is passed to the server; one that cannot
 * be replaced becomes the `problem` of the entry.
 *
 * @throws BridgeError `MCP_CONFIG_INVALID` with the path of the key.
 */
export function readServerEntry(
  label: string,
  written: Readonly<Record<string, unknown>>,
  path: KeyPath,
  substitutions: Substitutions,
): WrittenEntry {
  const { fields: raw, warnings: plainWarnings } = plainEntry(written, path);
  let problem: string | undefined;
  const secrets = new Set<string>();
  let own: Readonly<Record<string, string>> = {};
  const fill = (text: string, ...key: KeyPath): string => {
    const filled = interpolate(text, { ...substitutions, own });
    if (filled.problem !== undefined) problem ??= `${printKeyPath([...path, ...key])}: ${filled.problem}`;
    for (const secret of filled.secrets) secrets.add(secret);
    return filled.value;
  };
  const fillPath = (text: string, ...key: KeyPath): string => fill(expandHome(text, substitutions), ...key);
  const fillList = (list: readonly string[], key: string): readonly string[] =>
    list.map((item, index) => fillPath(item, key, index));
  const fillRecord = (record: Record<string, string>, key: string): Record<string, string> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fill(value, key, name)]));
  const base = (read: CommonFields, known: readonly string[], more: readonly string[] = []) => {
    const { limits, warnings: ofLimits } = readLimits(raw, path);
    const warnings = [...plainWarnings, ...readOver(path, raw, known), ...ofLimits, ...more];
    return {
      label,
      id: pluginId(label),
      ...(read.description === undefined ? {} : { description: read.description }),
      ...(read.pinned === undefined ? {} : { pinned: read.pinned }),
      ...readToolFilter(raw, path, label),
      ...limits,
      ...(warnings.length === 0 ? {} : { warnings }),
    };
  };
  const finish = <T extends McpServerEntry>(entry: T): T =>
    Object.freeze(problem === undefined ? entry : { ...entry, problem });

  const transport = readTransport(raw, path);
  if (transport.kind === 'stdio') {
    const read = check(stdioSchema, raw, path);
    const envFile = read.envFile === undefined ? undefined : fillPath(read.envFile, 'envFile');
    const { sandbox, ports, warnings } = readSandbox(raw, path, fill);
    const env = fillRecord(read.env, 'env');
    // Some programs replace these placeholders in their arguments by themselves, from the same variables.
    own = env;
    const filledCommand = fillPath(read.command, 'command');
    const args = fillList(read.args, 'args');
    const pinned = Object.entries(read.sha256 ?? {}).map(([name, digest]) => {
      const named = fillPath(name, 'sha256', name);
      // A digest for a file that the entry does not name: a mistyped name would silently switch a protection off.
      if (problem === undefined && named !== filledCommand && !args.includes(named))
        throw invalid([...path, 'sha256', name], 'names neither the command nor one of its arguments');
      return [named, digest.toLowerCase()] as const;
    });
    const entry = {
      transport: 'stdio' as const,
      ...base(read, [...Object.keys(stdioSchema.shape), ...sandboxKeys], warnings),
      command: filledCommand,
      args,
      ...(pinned.length === 0 ? {} : { sha256: Object.fromEntries(pinned) }),
      env,
      ...(read.envCommand === undefined ? {} : { envCommand: fillList(read.envCommand, 'envCommand') }),
      ...(read.cwd === undefined ? {} : { cwd: fillPath(read.cwd, 'cwd') }),
      ...(sandbox === undefined ? {} : { sandbox }),
      ...(ports === undefined ? {} : { ports }),
    };
    const hiding = secrets.size === 0 ? entry : { ...entry, secrets: [...secrets] };
    return { entry: finish(hiding), ...(envFile === undefined ? {} : { envFile }) };
  }

  const { urlKey } = transport;
  const read = check(remoteSchema, raw, path);
  const url = fill(check(z.string().min(1), raw[urlKey], [...path, urlKey]), urlKey);
  const isOwn = (name: string): boolean => !isReservedHeader(name);
  const headers = fillRecord(
    Object.fromEntries(Object.entries(read.headers).filter(([name]) => isOwn(name))),
    'headers',
  );
  const reserved = Object.keys(read.headers).filter((name) => !isOwn(name));
  if (problem === undefined) {
    refuse([...path, urlKey], urlProblem(url));
    for (const [name, value] of Object.entries(headers)) {
      refuse([...path, 'headers', name], headerProblem(name, value));
    }
  }
  const { login, isOff, warnings: loginWarnings } = readLogin(raw, path, fill);
  const remote = {
    ...base(
      read,
      [...Object.keys(remoteSchema.shape), ...loginKeys],
      [
        ...reserved.map(
          (name) => `${printKeyPath([...path, 'headers', name])} has no effect: the transport sets it itself`,
        ),
        ...loginWarnings,
      ],
    ),
    url,
    headers,
    ...(read.headersCommand === undefined ? {} : { headersCommand: fillList(read.headersCommand, 'headersCommand') }),
    ...(login === undefined ? {} : { login }),
    ...(isOff ? { refusesLogin: true as const } : {}),
  };
  if (transport.kind === 'sse') return { entry: finish({ transport: 'sse' as const, ...remote }) };
  const fallback = transport.sseFallback ? { sseFallback: true as const } : {};
  return { entry: finish({ transport: 'http' as const, ...remote, ...fallback }) };
}

type CommonFields = z.output<z.ZodObject<typeof commonFields>>;

function refuse(path: KeyPath, problem: string | undefined): void {
  if (problem !== undefined) throw invalid(path, problem);
}

function* readOver(path: KeyPath, raw: Readonly<Record<string, unknown>>, known: readonly string[]): Generator<string> {
  for (const [key, value] of Object.entries(raw)) {
    if (known.includes(key) || transportKeys.includes(key) || isSwitch(key) || isToolList(key) || isLimit(key))
      continue;
    const printed = printKeyPath([...path, key]);
    if (isGranting(key)) {
      yield `${printed} has no effect: what may be called is decided by tokens alone`;
    } else if (loginKeys.includes(key)) {
      yield `${printed} has no effect on a server that is a program`;
    } else if (Object.hasOwn(stdioSchema.shape, key) || sandboxKeys.includes(key)) {
      yield `${printed} has no effect on a server that is reached by URL`;
    } else if (Object.hasOwn(remoteSchema.shape, key)) {
      yield `${printed} has no effect on a server that is a program`;
    } else if (mayNarrow(key, value)) {
      throw invalid(
        [...path, key],
        'is not known, and may leave something out: say it with "allowedTools", "disabledTools" or "disabled", or remove it',
      );
    } else {
      yield `${printed} is not known and has no effect`;
    }
  }
}
