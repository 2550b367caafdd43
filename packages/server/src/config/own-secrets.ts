import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { credentialsFile, type Environment } from '@latchkey/client';
import type { McpConfig } from '@latchkey/mcp-bridge';
import { OperatorError } from '../contracts/operator-error.ts';
import { findExposure, type PathKind } from './private-path.ts';

/** A file or folder that MCP servers must not see, and other users neither. */
export interface OwnSecret {
  readonly path: string;
  readonly kind: PathKind;
  /** What becomes of one that others can read; one that they can write is always refused. */
  readonly whenReadable: 'refused' | 'warned';
}

export interface SecretPlaces {
  readonly data: string;
  readonly mcp?: string | undefined;
  /** The file that the configuration was read from. */
  readonly configFile?: string | undefined;
}

/** The one list of what is secret on this machine: what is hidden from MCP servers, and looked at when a server starts. */
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
    // The command line keeps its tokens here, wherever the data folder is.
    { path: join(homedir(), '.latchkey'), kind: 'folder', whenReadable: 'warned' },
    { path: credentialsFile(environment), kind: 'file', whenReadable: 'warned' },
    // The usual `.env` beside a program goes on working.
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
 * Looks at who else can get at the secrets; returns what is to be warned about.
 *
 * @throws {OperatorError} `unsafe_path` for what others can change, and for what they can read and must not
 */
export function reviewSecrets(secrets: readonly OwnSecret[]): readonly string[] {
  return secrets.flatMap(({ path, kind, whenReadable }) => {
    const exposure = findExposure(path, kind);
    if (exposure === undefined) return [];
    if (exposure.access === 'read' && whenReadable === 'warned') return [exposure.message];
    throw new OperatorError('unsafe_path', exposure.message);
  });
}
