import { z } from 'zod';
import type { ChatRequest, IntegrationRequest, RequiredApproval } from '../contracts/chat-request.ts';
import { dictionary, list } from '../input/bounded.ts';

const allowedToolsSchema = list(z.string().min(1).max(256), 1024);

/** Our extension: a request requires approval where its token does not. It cannot waive approval. */
const requireApprovalSchema = z.union([
  z.literal('always', 'a request can only have a person asked more often: by "always" or {"tools": ["…"]}'),
  z.strictObject({ tools: list(z.string().min(1).max(256), 1024, 1) }),
]);

/** The three notations of an integration; https://lmstudio.ai/docs/developer/rest/chat. */
export const integrationSchema = z.union([
  z.string().min(1).max(256),
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('plugin'),
      id: z.string().min(1).max(256),
      allowed_tools: allowedToolsSchema.optional(),
      require_approval: requireApprovalSchema.optional(),
    }),
    z.strictObject({
      type: z.literal('ephemeral_mcp'),
      server_label: z.string().min(1).max(64),
      server_url: z.string().min(1).max(2048),
      allowed_tools: allowedToolsSchema.optional(),
      require_approval: requireApprovalSchema.optional(),
      headers: dictionary(z.string().max(8192), 64, z.string().max(256)).optional(),
    }),
  ]),
]);

/** Converts all three notations into one. */
export function toIntegration(integration: z.output<typeof integrationSchema>): IntegrationRequest {
  if (typeof integration === 'string') return { type: 'plugin', id: integration };
  const { allowed_tools: allowedTools, require_approval: asked } = integration;
  const tools = { ...(allowedTools === undefined ? {} : { allowedTools }), ...toRequireApproval(asked) };
  if (integration.type === 'plugin') return { type: 'plugin', id: integration.id, ...tools };
  const { server_label: serverLabel, server_url: serverUrl, headers } = integration;
  return { type: 'ephemeral_mcp', serverLabel, serverUrl, ...tools, ...(headers === undefined ? {} : { headers }) };
}

/** Our extension: whether the model finds the tools by a search. */
export const toToolSearch = ({
  tool_search: search,
}: {
  readonly tool_search?: boolean | null | undefined;
}): Pick<ChatRequest, 'toolSearch'> => (search == null ? {} : { toolSearch: search });

function toRequireApproval(asked: 'always' | { readonly tools: readonly string[] } | undefined): {
  readonly requireApproval?: RequiredApproval;
} {
  if (asked === undefined) return {};
  return { requireApproval: asked === 'always' ? asked : asked.tools };
}
