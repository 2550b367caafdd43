import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { defaultSandboxLimits, type SandboxWish } from '../sandbox/sandbox-profile.ts';
import { mostItems } from './dictionary.ts';
import { check, invalid, type KeyPath } from './invalid-config.ts';
import { printKeyPath } from './parse-jsonc.ts';

const paths = z.array(z.string().min(1)).max(256).optional();
const most = z.number().int().min(1).max(1_048_576);
const domains = z.array(z.string()).max(mostItems).optional();

const ports = z.array(z.number().int().min(1).max(65_535)).max(64).optional();

/** The object form of `auto` and `required`. */
const openSchema = z.strictObject({ mode: z.enum(['auto', 'required']), ports });

const profileSchema = z.strictObject({
  read: paths,
  write: paths,
  network: z.union([z.boolean(), z.strictObject({ allowedDomains: domains, deniedDomains: domains })]).optional(),
  // The names that VS Code uses.
  filesystem: z.strictObject({ allowWrite: paths, denyRead: paths, denyWrite: paths }).optional(),
  ports,
  limits: z.strictObject({ memoryMb: most, processes: most, fileMb: most, openFiles: most }).partial().optional(),
});

/** The keys that `readSandbox` reads. */
export const sandboxKeys: readonly string[] = ['sandbox', 'sandboxEnabled'];

/** The sandbox settings of an entry. */
export interface ReadSandbox {
  readonly sandbox?: SandboxWish;
  readonly ports?: readonly number[];
  readonly warnings: readonly string[];
}

/**
 * Reads the sandbox settings of a program's entry: absent, `"auto"`, `"required"`, `"off"`, one of the first two with
 * ports of this machine, or a profile, under our names or VS Code's. Absent means `auto`.
 *
 * @param fill replaces placeholders in a path
 * @throws BridgeError `MCP_CONFIG_INVALID` with the path of the key.
 */
export function readSandbox(
  raw: Readonly<Record<string, unknown>>,
  path: KeyPath,
  fill: (path: string, ...key: KeyPath) => string,
): ReadSandbox {
  const enabled = check(z.boolean().optional(), raw.sandboxEnabled, [...path, 'sandboxEnabled']);
  const { sandbox = enabled === true ? {} : undefined } = raw;
  if (sandbox === undefined || sandbox === 'auto' || sandbox === 'required' || sandbox === 'off' || enabled === false) {
    if (sandbox === 'off' && enabled === true) {
      throw invalid([...path, 'sandboxEnabled'], 'contradicts "sandbox"; keep one');
    }
    const off = sandbox === 'off' || enabled === false;
    if (sandbox === 'required' && !off) return { sandbox, warnings: [] };
    return { ...(off ? { sandbox: 'off' } : {}), warnings: [] };
  }
  if (typeof sandbox !== 'object')
    throw invalid([...path, 'sandbox'], 'must be "auto", "required", "off" or an object');
  if (sandbox !== null && 'mode' in sandbox) {
    const { mode, ports: named } = check(openSchema, sandbox, [...path, 'sandbox']);
    return {
      ...(mode === 'required' ? { sandbox: mode } : {}),
      ...(named === undefined ? {} : { ports: named }),
      warnings: [],
    };
  }
  const profile = check(profileSchema, sandbox, [...path, 'sandbox']);
  const { read, write, network = false, filesystem = {}, limits } = profile;
  const place = (list: readonly string[] | undefined, ...key: KeyPath): readonly string[] =>
    (list ?? []).map((written, index) => {
      const filled = fill(written.replace(/^~(?=\/|$)/, '$'.concat('{userHome}')), 'sandbox', ...key, index);
      // A placeholder that could not be replaced is reported separately.
      if (filled === '' || isAbsolute(filled)) return filled;
      const remedy = 'must be an absolute path, or begin with ~/ or with the placeholder workspaceFolder';
      throw invalid([...path, 'sandbox', ...key, index], remedy);
    });
  return {
    sandbox: {
      read: place(read, 'read'),
      write: [...place(write, 'write'), ...place(filesystem.allowWrite, 'filesystem', 'allowWrite')],
      denyRead: place(filesystem.denyRead, 'filesystem', 'denyRead'),
      denyWrite: place(filesystem.denyWrite, 'filesystem', 'denyWrite'),
      network: network === true,
      limits: { ...defaultSandboxLimits, ...withoutAbsent(limits ?? {}) },
    },
    ...(profile.ports === undefined ? {} : { ports: profile.ports }),
    warnings: typeof network === 'boolean' ? [] : [...unsupported(network, [...path, 'sandbox', 'network'])],
  };
}

function* unsupported(
  network: Readonly<Record<string, readonly string[] | undefined>>,
  path: KeyPath,
): Generator<string> {
  for (const [key, listed] of Object.entries(network)) {
    if (listed === undefined || listed.length === 0) continue;
    const printed = printKeyPath([...path, key]);
    yield `${printed} is not supported: the server has no network; "network": true gives it all of it`;
  }
}

function withoutAbsent<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
