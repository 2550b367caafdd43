import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { credentialsFile, type Environment } from '@latchkey/client';
import type { McpConfig } from '@latchkey/mcp-bridge';
import { OperatorError } from '../contracts/operator-error.ts';
import { findExposure, type PathKind } from './private-path.ts';

/** A file or folder that MCP servers and other users must not read. */
export interface OwnSecret {
  readonly path: string;
  readonly kind: PathKind;
  /** What happens when other users can read it. If they can write it, it is always refused. */
  readonly whenReadable: 'refused' | 'warned';
}

export interface SecretPlaces {
  readonly data: string;
  readonly mcp?: string | undefined;
  /** The file that the configuration was read from. */
  readonly configFile?: string | undefined;
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
  const secrets: readonly OwnSecret[] = [
    { path: data, kind: 'folder', whenReadable: 'refused' },
    ...[configFile, mcp].flatMap((path): OwnSecret[] =>
      path === undefined ? [] : [{ path, kind: 'file', whenReadable: 'refused' }],
    ),
    // The command line keeps its tokens here, independent of the data folder.
    { path: join(homedir(), '.latchkey'), kind: 'folder', whenReadable: 'warned' },
    { path: credentialsFile(environment), kind: 'file', whenReadable: 'warned' },
    // A warning only: a `.env` with the usual permissions keeps working.
    ...envFiles.map((path): OwnSecret => ({ path, kind: 'file', whenReadable: 'warned' })),
  ];
  const byPath = new Map<string, OwnSecret>();
  for (const secret of secrets) {
    const path = resolve(secret.path);
    if (!byPath.has(path)) byPath.set(path, { ...secret, path });
  }
  return [...byPath.values()];
}

/**
 * Checks which other users can access the secrets; returns warnings.
 *
 * @throws {OperatorError} `unsafe_path` for a path that others can change, and for one that they can read and must not
 */
export function reviewSecrets(secrets: readonly OwnSecret[]): readonly string[] {
  return secrets.flatMap(({ path, kind, whenReadable }) => {
    const exposure = findExposure(path, kind);
    if (exposure === undefined) return [];
    if (exposure.access === 'read' && whenReadable === 'warned') return [exposure.message];
    throw new OperatorError('unsafe_path', exposure.message);
  });
}
