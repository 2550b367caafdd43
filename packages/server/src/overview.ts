import type { GrantWarning } from '@latchkey/auth-core/llm';
import type { McpHost } from '@latchkey/mcp-bridge';
import type { ServerConfig } from './config/schema.ts';
import type { ModelCatalog } from './models/model-catalog.ts';

/** The state of a server at its start, for its operator. */
export interface ServerOverview {
  readonly models: readonly string[];
  readonly unreadable: readonly { readonly key: string; readonly reason: string }[];
  readonly servers: readonly { readonly id: string; readonly layers?: readonly string[]; readonly missing?: string }[];
  /** Warnings about likely mistakes. */
  readonly warnings: readonly string[];
}

export interface OverviewParts {
  readonly config: ServerConfig;
  readonly catalog: ModelCatalog;
  readonly host: Pick<McpHost, 'servers' | 'warnings'>;
  /** Warnings from before. */
  readonly warnings: readonly string[];
  readonly reviewPolicy: () => Promise<readonly GrantWarning[]>;
}

/** Inspects everything once. This may take seconds: every new model file is read. */
export async function lookAround({
  config,
  catalog,
  host,
  warnings,
  reviewPolicy,
}: OverviewParts): Promise<ServerOverview> {
  const found = await catalog.list();
  const names = new Set(found.flatMap((model) => [model.key, ...model.names]));
  const isNamed = (key: string): boolean => names.has(key);
  return {
    models: found.flatMap(({ key, description }) => (description instanceof Error ? [] : [key])),
    unreadable: found.flatMap(({ key, description }) =>
      description instanceof Error ? [{ key, reason: description.message }] : [],
    ),
    servers: host.servers().map(({ id, sandbox }) => ({
      id,
      ...(sandbox === undefined ? {} : { layers: sandbox.layers }),
      ...(sandbox?.missing === undefined ? {} : { missing: sandbox.missing }),
    })),
    warnings: [
      ...warnings,
      ...(await catalog.problems()),
      ...found.flatMap(({ key, description }) =>
        description instanceof Error || description.templateFault === undefined
          ? []
          : [`${key}: ${description.templateFault}`],
      ),
      ...Object.entries(config.aliases).flatMap(([name, key]) =>
        isNamed(key) ? [] : [`aliases: ${name} stands for ${key}, and there is no such model`],
      ),
      ...Object.keys(config.sampling).flatMap((key) =>
        key === '*' || isNamed(key) ? [] : [`sampling: there is no model ${key}`],
      ),
      ...Object.keys(config.engine.models).flatMap((key) =>
        key === '*' || isNamed(key) ? [] : [`engine.models: there is no model ${key}`],
      ),
      ...(await reviewPolicy()).map(({ path, message }) => `policy: ${path}: ${message}`),
      ...host.warnings(),
    ],
  };
}
