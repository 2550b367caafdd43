import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsoncError, parseJsonc } from '@latchkey/mcp-bridge/jsonc';
import { isObject } from '../../input/is-object.ts';
import { type Found, type FoundModel, keyPart, type LeftOut } from './found.ts';

/**
 * Reads LM Studio's folder, `~/.lmstudio`: its models as `models/<publisher>/<repository>/…`, its mcp.json, and the
 * settings of its server.
 */
export function readLmStudio(folder: string): Found {
  const leftOut: LeftOut[] = [];
  const server = readJson(join(folder, '.internal', 'http-server-config.json'));
  const own = readJson(join(folder, 'settings.json'));
  const models = typeof own.downloadsFolder === 'string' ? own.downloadsFolder : join(folder, 'models');
  const settings: Record<string, unknown> = {};
  if (Number.isInteger(server.port)) settings.port = server.port;
  if (typeof server.networkInterface === 'string' && !/^(?:127\.|localhost$)/.test(server.networkInterface)) {
    leftOut.push({
      what: 'setting',
      name: 'networkInterface',
      note: `it listened at ${keyPart(server.networkInterface)}; set host yourself to let other machines in`,
    });
  }
  if (server.cors === true) {
    leftOut.push({
      what: 'setting',
      name: 'cors',
      note: 'every web page was let in; name those that may in allowedOrigins',
    });
  }
  if (server.justInTimeModelLoading === false) {
    leftOut.push({
      what: 'setting',
      name: 'justInTimeModelLoading',
      note: 'models are loaded when they are asked for',
    });
  }
  if (Number.isInteger(own.defaultContextLength)) settings.engine = { contextLength: own.defaultContextLength };
  if (existsSync(join(folder, '.internal', 'permissions-store.json'))) {
    leftOut.push({
      what: 'key',
      name: "LM Studio's tokens",
      note: 'their texts are not kept there; make others with latchkey token create',
    });
  }
  const mcpFile = join(folder, 'mcp.json');
  return {
    models: repositoriesOf(models),
    settings,
    keys: [],
    ...(existsSync(mcpFile) && { mcpFile }),
    leftOut,
  };
}

function repositoriesOf(folder: string): readonly FoundModel[] {
  return foldersIn(folder).flatMap((publisher) =>
    foldersIn(join(folder, publisher)).map((name) => ({
      key: `${publisher}/${name}`,
      path: join(folder, publisher, name),
      isFolder: true,
    })),
  );
}

function foldersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}

/** The settings in a file; none when it is not there or is not JSON: the models can be taken without it. */
function readJson(file: string): Readonly<Record<string, unknown>> {
  if (!existsSync(file)) return {};
  try {
    const value = parseJsonc(readFileSync(file, 'utf8'));
    return isObject(value) ? value : {};
  } catch (error) {
    if (error instanceof JsoncError) return {};
    throw error;
  }
}
