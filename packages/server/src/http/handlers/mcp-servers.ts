import type { Principal } from '@latchkey/auth-core';
import { z } from 'zod';
import { hideSecrets } from '../../telemetry/hide-secrets.ts';
import type { ListedServer, ListServersOptions } from '../../tools/list-servers.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

export interface McpServerHandlers {
  /**
   * `GET /api/v1/mcp/servers`; `?start=true` starts servers that are not running, to list their tools, and
   * `?server=<label>` lists, and starts, only that one.
   */
  readonly list: Handler;
  /** `GET /api/v1/mcp/servers/:label/logs`. */
  readonly logs: Handler;
}

export interface McpServerSources {
  list(
    caller: Pick<ListServersOptions, 'decide' | 'start' | 'only' | 'signal'> & { readonly principal: Principal },
  ): Promise<readonly ListedServer[]>;
  /** Why the current mcp.json was rejected; null when it is in use. */
  problem(): string | null;
  /** Settings of the mcp.json in use that have no effect. */
  warnings(): readonly string[];
  output(label: string): { readonly id: string; readonly lines: readonly string[] };
}

const querySchema = z.strictObject({
  start: z.enum(['true', 'false']).default('false'),
  server: z.string().min(1).max(1024).optional(),
});

export const createMcpServerHandlers = ({ list, problem, warnings, output }: McpServerSources): McpServerHandlers => ({
  list: async ({ query, auth, signal }) => {
    const { start, server: only } = validateBody(querySchema, query);
    const { principal, decide } = auth;
    const servers = await list({ principal, decide, start: start === 'true', only, signal });
    return json({ servers, error: problem(), warnings: warnings() });
  },
  logs: async ({ params: { label = '' } }) => {
    const { id, lines } = output(label);
    return json({ id, lines: lines.map(hideSecrets) });
  },
});
