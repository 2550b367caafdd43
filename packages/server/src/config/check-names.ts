import { matchesGlob } from '@latchkey/auth-core';
import type { McpConfig } from '@latchkey/mcp-bridge';
import { OperatorError } from '../contracts/operator-error.ts';
import type { ServerConfig } from './schema.ts';

type Named = Pick<McpConfig, 'servers' | 'disabled'>;

/** What begins so is no server of mcp.json: a request brings it along. */
const EPHEMERAL = 'ephemeral/';

/**
 * Checks that the names in `toolLabels` are those of servers that there are: a label that names nothing would be a safety
 * that is switched off by a mistyped letter.
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

/** The names in `toolLabels` that no server has, one that is switched off included. */
export function unmatchedLabels(
  toolLabels: ServerConfig['toolLabels'],
  { servers, disabled = [] }: Named,
): readonly string[] {
  const ids = [...[...servers.values()].map(({ id }) => id), ...disabled];
  return Object.keys(toolLabels).filter(
    (pattern) => !pattern.startsWith(EPHEMERAL) && !ids.some((id) => matchesGlob(pattern, id)),
  );
}
