import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { createConfigLookout, watchConfigFile } from '../../src/command/watch-config-file.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { configSchema, type ServerConfigInput } from '../../src/config/schema.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const configOf = (changes: Partial<ServerConfigInput> = {}) =>
  configSchema.parse({ data: '/d', models: '/m', ...changes });

function lookAt(...changes: readonly (Partial<ServerConfigInput> | Error)[]) {
  const told: unknown[] = [];
  const tell = (level: string) =>
    (({ keys, problem }: { keys?: unknown; problem?: unknown }) =>
      void told.push([level, keys ?? problem ?? 'same'])) as never;
  let now: Partial<ServerConfigInput> | Error = {};
  const look = createConfigLookout({
    file: '/d/config.json',
    running: configOf(),
    load: () => {
      if (now instanceof Error) throw now;
      return configOf(now);
    },
    logger: { info: tell('info'), warn: tell('warn'), error: tell('error') },
  });
  for (now of changes) look();
  return told;
}

describe('a configuration file that is changed while the server runs', () => {
  it('is told with the keys that act after a restart', () => {
    expect(lookAt({ port: 5, engine: { parallel: 2 }, allowedHosts: ['a.example'] })).toEqual([
      ['warn', ['port', 'allowedHosts', 'engine.parallel']],
    ]);
  });

  it('is told once for each change of its meaning', () => {
    expect(lookAt({}, { port: 5 }, { port: 5 }, { logFile: '/log' }, {}, {})).toEqual([
      ['warn', ['port']],
      ['warn', ['logFile']],
      ['info', 'same'],
    ]);
  });

  it('is told with what is wrong with it', () => {
    expect(lookAt(new ConfigError('config.json: port: expected a number'))).toEqual([
      ['error', 'config.json: port: expected a number'],
    ]);
    expect(() => lookAt(new TypeError('a fault of ours'))).toThrow('a fault of ours');
  });

  it('is looked at once at first, since it may have changed meanwhile, and after each change', async () => {
    const file = join(temporaryFolder(), 'config.json');
    writeFileSync(file, '{}');
    const look = vi.fn();
    watchConfigFile(file, look);
    await expect.poll(() => look.mock.calls.length).toBe(1);
    writeFileSync(file, '{ "port": 5 }');
    await expect.poll(() => look.mock.calls.length).toBe(2);
  });
});
