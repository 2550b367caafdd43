import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addMcpFileCommands } from '../../src/command/mcp-file.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

async function run(...args: readonly string[]): Promise<void> {
  const program = new Command();
  addMcpFileCommands(program);
  await program.parseAsync(['node', 'mcp', ...args]);
}

const serversIn = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8')).mcpServers;
const modeOf = (file: string): number => statSync(file).mode & 0o777;

describe('latchkey mcp add', () => {
  it('writes a program or a remote server as it is said, placeholders and all', async () => {
    const file = join(temporaryFolder(), 'mcp.json');
    await run(
      'add',
      'files',
      '--mcp',
      file,
      '--env',
      'A=b=c',
      '--env',
      `K=\${K}`,
      '--cwd',
      'docs',
      '--',
      'files',
      '-y',
    );
    await run('add', 'web', '--mcp', file, '--url', 'https://a.example', '--type', 'sse', '--header', `X=\${K}`);
    expect(serversIn(file)).toEqual({
      files: { command: 'files', args: ['-y'], env: { A: 'b=c', K: `\${K}` }, cwd: 'docs' },
      web: { type: 'sse', url: 'https://a.example', headers: { X: `\${K}` } },
    });
  });

  it('makes a file that only its owner may read', async () => {
    const file = join(temporaryFolder(), 'mcp.json');
    await run('add', 'a', '--mcp', file, '--', 'x');
    expect(modeOf(file)).toBe(0o600);
  });

  it('leaves a link a link, the permissions as they were, and nothing else behind', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'elsewhere'));
    const [file, link] = [join(folder, 'elsewhere', 'real.json'), join(folder, 'mcp.json')];
    writeFileSync(file, '{"mcpServers": {}}');
    chmodSync(file, 0o660);
    symlinkSync(file, link);
    await run('add', 'a', '--mcp', link, '--', 'x');
    await run('add', 'b', '--mcp', link, '--', 'y');
    await run('remove', 'a', '--mcp', link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(modeOf(file)).toBe(0o660);
    expect(serversIn(file)).toEqual({ b: { command: 'y' } });
    expect([readdirSync(folder).sort(), readdirSync(join(folder, 'elsewhere'))]).toEqual([
      ['elsewhere', 'mcp.json'],
      ['real.json'],
    ]);
  });

  it.each<[string, readonly string[], string]>([
    ['neither a program nor a url', [], 'Say either --url'],
    ['both', ['--url', 'https://a.example', '--', 'x'], 'Say either --url'],
    ['a variable for a remote server', ['--url', 'https://a.example', '--env', 'A=b'], '--env is for programs only'],
    ['a folder for a remote server', ['--url', 'https://a.example', '--cwd', 'a'], '--cwd is for programs only'],
    ['a header for a program', ['--header', 'A=b', '--', 'x'], '--header is for remote servers only'],
    ['a type for a program', ['--type', 'sse', '--', 'x'], '--type is for remote servers only'],
    ['a variable without a value', ['--env', 'canary', '--', 'x'], 'as NAME=VALUE'],
  ])('refuses %s, and writes nothing', async (_, args, message) => {
    const folder = temporaryFolder();
    const file = join(folder, 'mcp.json');
    const error = await run('add', 'a', '--mcp', file, ...args).catch((thrown: Error) => thrown);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('canary');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('latchkey mcp remove', () => {
  it('says that there is no file', async () => {
    const file = join(temporaryFolder(), 'mcp.json');
    await expect(run('remove', 'a', '--mcp', file)).rejects.toThrow(`There is no file ${file}.`);
  });
});
