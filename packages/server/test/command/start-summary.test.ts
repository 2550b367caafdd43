import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { summarize } from '../../src/command/start-summary.ts';
import { defineConfig } from '../../src/config/define-config.ts';
import type { ServerOverview } from '../../src/overview.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

const NOTHING: ServerOverview = { models: [], unreadable: [], servers: [], warnings: [] };

function summary(overview: Partial<ServerOverview>, files: Record<string, string> = {}, config = {}): string {
  const home = temporaryFolder();
  writeFiles(home, files);
  const data = join(home, 'data');
  const text = summarize(defineConfig({ data, ...config }), { ...NOTHING, ...overview }, home).join('\n');
  return text.replaceAll(home, 'HOME');
}

describe('what a server tells its operator after its start', () => {
  it('has the data folder, the token, models, device and MCP servers with their layers', () => {
    const overview = { models: ['ibm/granite'], servers: [{ id: 'mcp/files', layers: ['bubblewrap'] }] };
    expect(summary(overview, { 'data/admin-token': 'x' }, { engine: { gpu: 'off' } }).split('\n')).toEqual([
      'data     HOME/data',
      "token    the administrator's is in HOME/data/admin-token; 'latchkey token create' makes others",
      'models   1: ibm/granite',
      'device   cpu (engine.gpu is off)',
      'mcp      mcp/files (bubblewrap)',
    ]);
  });

  it('says where models go when there are none, and that LM Studio has some', () => {
    expect(summary({})).toContain('Put GGUF files there as HOME/data/models/<publisher>/<name>.gguf.');
    expect(summary({})).toContain('--models ~/.lmstudio/models');
    expect(summary({}, { '.lmstudio/models/a/b.gguf': '' })).toContain('--models HOME/.lmstudio/models takes them');
  });

  it('says how to get a token that is not in the data folder', () => {
    expect(summary({})).toContain("'latchkey admin recover' makes one");
  });

  it('warns of what cannot be used, and once of a layer that is missing everywhere', () => {
    const text = summary({
      models: ['a'],
      unreadable: [
        { key: 'ibm/broken', reason: 'garbage' },
        ...['a', 'b', 'c', 'd', 'e'].map((key) => ({ key, reason: 'it has not been read yet' })),
      ],
      servers: [
        { id: 'mcp/a', layers: [], missing: 'no bwrap' },
        { id: 'mcp/b', layers: [], missing: 'no bwrap' },
      ],
      warnings: ['aliases: x stands for y, and there is no such model'],
    });
    expect(text.split('\n').filter((line) => line.startsWith('warning'))).toEqual([
      'warning: not all of a sandbox: no bwrap',
      'warning: ibm/broken cannot be used: garbage',
      'warning: 5 models (a, b, c and others) cannot be used: it has not been read yet',
      'warning: aliases: x stands for y, and there is no such model',
    ]);
  });
});
