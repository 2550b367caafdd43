import { z } from 'zod';
import { ServerError } from '../../contracts/server-error.ts';
import type { ClientDocument } from '../../tools/open-logins.ts';
import type { ServerLogins } from '../../tools/server-logins.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';

export interface McpLoginHandlers {
  /** `GET /api/v1/mcp/servers/:label/login`. */
  readonly show: Handler;
  /** `POST /api/v1/mcp/servers/:label/login`; with a `redirectUri` by a browser, without one on another device. */
  readonly begin: Handler;
  /** `POST /api/v1/mcp/servers/:label/login/:id`, with the `answer` that the browser was sent to. */
  readonly finish: Handler;
  /** `DELETE /api/v1/mcp/servers/:label/login`. */
  readonly logout: Handler;
  /** `GET /oauth/client.json`: this server, as a client of other servers. */
  readonly document: Handler;
}

const beginSchema = z.strictObject({ redirectUri: z.string().min(1).max(2048).optional() });
const finishSchema = z.strictObject({ answer: z.string().min(1).max(16_384).optional() });

/** Signs the caller in to MCP servers, and out of them. */
export function createMcpLoginHandlers(
  logins: Pick<ServerLogins, 'state' | 'begin' | 'finish' | 'logout'>,
  document: ClientDocument | undefined,
): McpLoginHandlers {
  const callerOf = ({ auth, signal }: RequestContext) => ({ principal: auth.principal, decide: auth.decide, signal });
  return {
    show: async (context) => json(await logins.state(context.params.label ?? '', callerOf(context))),
    begin: async (context) => {
      const { redirectUri } = validateBody(beginSchema, context.body ?? {});
      const begun = await logins.begin(context.params.label ?? '', redirectUri, callerOf(context));
      return json({ ...begun, expiresAt: begun.expiresAt.toISOString() });
    },
    finish: async (context) => {
      const { answer } = validateBody(finishSchema, context.body ?? {});
      const { label = '', id = '' } = context.params;
      const afterMs = await logins.finish(label, { id, answer }, callerOf(context));
      return json(afterMs === undefined ? { state: 'signed in' } : { state: 'pending', afterMs });
    },
    logout: async (context) => json({ ended: await logins.logout(context.params.label ?? '', callerOf(context)) }),
    document: async () => {
      if (document === undefined) {
        throw new ServerError('NOT_FOUND', 'This server has no public https URL (publicUrl) to be a client by.');
      }
      return json({
        client_id: document.url,
        client_name: 'Latchkey',
        redirect_uris: document.redirects,
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      });
    },
  };
}
