import { matchesGlob } from '@latchkey/auth-core';
import type { McpConfig } from '@latchkey/mcp-bridge';
import { OperatorError } from '../contracts/operator-error.ts';
import type { ServerConfig } from './schema.ts';

type Named = Pick<McpConfig, 'servers' | 'disabled'>;

/** The prefix of request-scoped servers, which are not in mcp.json. */
const EPHEMERAL = 'ephemeral/';

/**
 * Checks that every name in `toolLabels` is that of a configured server. Otherwise a mistyped name would silently
 * switch a protection off.
 *
 * @throws {OperatorError} `invalid_configuration`
 */
export function requireLabelledServers(
  { toolLabels }: Pick<ServerConfig, 'toolLabels'>,
  { servers, disabled = [] }: Named,
): void {
  const unmatched = unmatchedLabels(toolLabels, { servers, disabled });
  const [first] = unmatched;
  if (first === undefined) return;
  const ids = [...servers.values()].map(({ id }) => id);
  const label = [...servers.values()].find((entry) => entry.label === first || entry.id === `mcp/${first}`);
  const hint =
    label === undefined
      ? ` There ${ids.length === 0 ? 'is none' : `are ${ids.join(', ')}`}.`
      : ` The server with that label is written ${label.id}.`;
  throw new OperatorError(
    'invalid_configuration',
    `toolLabels: ${JSON.stringify(first)} matches no server of mcp.json, so its labels would mean nothing.${hint}`,
  );
}

/** Returns the names in `toolLabels` that match no server. A server that is switched off counts as configured. */
export function unmatchedLabels(
  toolLabels: ServerConfig['toolLabels'],
  { servers, disabled = [] }: Named,
): readonly string[] {
  const ids = [...[...servers.values()].map(({ id }) => id), ...disabled, EPHEMERAL];
  return Object.keys(toolLabels).filter(
    (pattern) => !pattern.startsWith(EPHEMERAL) && !ids.some((id) => matchesGlob(pattern, id)),
  );
}
