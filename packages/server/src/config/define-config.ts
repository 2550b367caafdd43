import { join } from 'node:path';
import { configSchema, type ServerConfig, type ServerConfigInput } from './schema.ts';

/**
 * Completes a configuration written in code with the defaults. Throws a ZodError that names the keys at fault.
 *
 * @example
 * ```ts
 * import { defineConfig } from '@latchkey/server';
 *
 * const config = defineConfig({ data: '/var/lib/latchkey', aliases: { 'gpt-4o': 'qwen/qwen3-8b' } });
 * console.log(config.port);
 * ```
 */
export function defineConfig(input: Omit<ServerConfigInput, 'models'> & { readonly models?: string }): ServerConfig {
  return configSchema.parse({ models: join(input.data, 'models'), ...input });
}
