import { join, resolve } from 'node:path';
import { ConfigurationError, credentialsFile, type Environment } from '@latchkey/client';
import type { McpConfig } from '@latchkey/mcp-bridge';
import { OperatorError } from '../contracts/operator-error.ts';
import { readBackupList } from './backup-list.ts';
import { knownServersFile } from './known-servers-file.ts';
import { findOwnHome } from './own-home.ts';
import { findExposure, type PathKind } from './private-path.ts';
import { secretFilesIn } from './secret-files.ts';

/** A file or folder that MCP servers and other users must not read. */
export interface OwnSecret {
  readonly path: string;
  readonly kind: PathKind;
  /** What happens when other users can read it. */
  readonly whenReadable: 'refused' | 'warned';
  /** What happens when they can write it. A copy is not read by a server, so it is only warned of. */
  readonly whenWritable: 'refused' | 'warned';
}

export interface SecretPlaces {
  readonly data: string;
  readonly mcp?: string | undefined;
  /** The file that the configuration was read from. */
  readonly configFile?: string | undefined;
  readonly logFile?: string | undefined;
}

/**
 * The single list of the secrets on this machine: they are hidden from MCP servers, and their permissions are checked
 * when a server starts.
 */
export function ownSecrets(
  { data, mcp, configFile }: SecretPlaces,
  servers: McpConfig['servers'],
  environment: Environment,
): readonly OwnSecret[] {
  const envFiles = [...servers.values()].flatMap((entry) =>
    entry.transport === 'stdio' && entry.envFile !== undefined ? [entry.envFile] : [],
  );
  const closed = { whenReadable: 'refused', whenWritable: 'refused' } as const;
  // A warning only: a `.env` with the usual permissions keeps working.
  const unchanged = { whenReadable: 'warned', whenWritable: 'refused' } as const;
  const copied = { whenReadable: 'warned', whenWritable: 'warned' } as const;
  const home = findOwnHome();
  const files = [configFile, mcp].filter((path) => path !== undefined);
  const secrets: readonly OwnSecret[] = [
    { path: data, kind: 'folder', ...closed },
    ...files.map((path) => ({ path, kind: 'file', ...closed }) as const),
    // The command line keeps its tokens, and the keys of servers, independent of the data folder.
    ...(home === undefined ? [] : [{ path: join(home, '.latchkey'), kind: 'folder', ...unchanged } as const]),
    ...commandFiles(environment).map((path) => ({ path, kind: 'file', ...unchanged }) as const),
    ...[...secretFilesIn(environment), ...envFiles].map((path) => ({ path, kind: 'file', ...unchanged }) as const),
    ...readBackupList(data).map((path) => ({ path, kind: 'folder', ...copied }) as const),
  ];
  const byPath = new Map<string, OwnSecret>();
  for (const secret of secrets) {
    const path = resolve(secret.path);
    if (!byPath.has(path)) byPath.set(path, { ...secret, path });
  }
  return [...byPath.values()];
}

/** What the command line keeps for this user; nothing without a home folder. */
function commandFiles(environment: Environment): readonly string[] {
  try {
    return [credentialsFile(environment), knownServersFile(environment)];
  } catch (error) {
    if (error instanceof ConfigurationError && error.code === 'no_home') return [];
    throw error;
  }
}

/** What MCP servers cannot access: the secrets, and the log, which a server could otherwise lead into another file. */
export function hiddenPlaces(
  places: SecretPlaces,
  servers: McpConfig['servers'],
  environment: Environment,
): readonly string[] {
  const { logFile } = places;
  const paths = ownSecrets(places, servers, environment).map(({ path }) => path);
  return logFile === undefined ? paths : [...paths, resolve(logFile)];
}

/**
 * Checks which other users can access the secrets; returns warnings.
 *
 * @throws {OperatorError} `unsafe_path` for a path that others can change, and for one that they can read and must not
 */
export function reviewSecrets(secrets: readonly OwnSecret[]): readonly string[] {
  return secrets.flatMap(({ path, kind, whenReadable, whenWritable }) => {
    const exposure = findExposure(path, kind);
    if (exposure === undefined) return [];
    if ((exposure.access === 'read' ? whenReadable : whenWritable) === 'warned') return [exposure.message];
    throw new OperatorError('unsafe_path', exposure.message);
  });
}
