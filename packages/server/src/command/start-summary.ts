import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { shellWord } from '@latchkey/auth-core/private-files';
import { findOwnHome } from '../config/own-home.ts';
import type { ServerConfig } from '../config/schema.ts';
import type { ServerOverview } from '../overview.ts';
import { describeUnusable } from './describe-unusable.ts';
import { remark } from './print.ts';

/** How many names of each kind are listed. */
const SHOWN = 8;

/** Prints the summary of a started server. Names of models, servers and folders come from elsewhere. */
export function printSummary(config: ServerConfig, overview: ServerOverview): void {
  for (const line of summarize(config, overview)) remark(`  ${line}`);
}

/** Summarizes a started server for its operator, line by line. */
export function summarize(config: ServerConfig, overview: ServerOverview, home = findOwnHome()): readonly string[] {
  const { models, unreadable, servers, warnings } = overview;
  const missing = new Set(servers.flatMap(({ missing: why }) => (why === undefined ? [] : [why])));
  return [
    `data     ${config.data}`,
    `token    ${tellToken(config)}`,
    `models   ${models.length === 0 ? `none in ${config.models}` : `${models.length}: ${listed(models)}`}`,
    ...(models.length === 0 ? tellWhereModelsGo(config, home) : []),
    `device   ${config.engine.gpu === 'off' ? 'cpu (engine.gpu is off)' : 'a GPU where one works, chosen when a model loads'}`,
    `mcp      ${servers.length === 0 ? 'no servers' : listed(servers.map(({ id, layers }) => (layers === undefined ? id : `${id} (${layers.join(', ')})`)))}`,
    ...[...missing].map((why) => `warning: not all of a sandbox: ${why}`),
    ...describeUnusable(unreadable).map((line) => `warning: ${line}`),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

function tellToken({ auth, data }: ServerConfig): string {
  if (!auth) return 'none is needed: authentication is off';
  const file = join(data, 'admin-token');
  if (existsSync(file)) return `the administrator's is in ${file}; 'latchkey token create' makes others`;
  return "the administrator's is not in the data folder; 'latchkey admin recover' makes one";
}

function tellWhereModelsGo({ models }: ServerConfig, home: string | undefined): readonly string[] {
  const lmStudio = home === undefined ? undefined : join(home, '.lmstudio', 'models');
  return [
    `         Put GGUF files there as ${join(models, '<publisher>', '<name>.gguf')}.`,
    ...(lmStudio !== undefined && existsSync(lmStudio) && models !== lmStudio
      ? [`         LM Studio has models on this machine: --models ${shellWord(lmStudio)} takes them as they are.`]
      : ['         A folder of LM Studio works as it is: --models ~/.lmstudio/models']),
  ];
}

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
