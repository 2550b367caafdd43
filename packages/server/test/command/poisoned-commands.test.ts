import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../src/command/commands.ts';
import { printSummary } from '../../src/command/start-summary.ts';
import { defineConfig } from '../../src/config/define-config.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { POISON, unseenIn, WRITTEN_OUT } from './poison/poison.ts';
import { POISONED_COMMANDS, type Run } from './poison/poisoned-commands.ts';
import { type Behaviour, startPoisonedServer } from './poison/poisoned-server.ts';
import { runCommand, type Written } from './poison/run-command.ts';

/** Some commands start processes, and each is run many times. */
const PATIENCE_MILLISECONDS = 120_000;

const TOKEN = 'sk-lm-aaaaaaaa:aaaaaaaaaaaaaaaaaaaa';
const REFUSALS: readonly Behaviour[] = ['babbles', 400, 401, 403, 404, 409, 503];

const commandsBelow = (command: Command, path: readonly string[] = []): readonly (readonly [string, Command])[] =>
  command.commands.flatMap((child) => {
    const own = [...path, child.name()];
    return [[own.join(' '), child] as const, ...commandsBelow(child, own)];
  });
const commands = commandsBelow(await createProgram());
const hasJson = (path: string): boolean =>
  commands.some(([name, command]) => name === path && command.options.some(({ long }) => long === '--json'));

/** A machine of its own: a home, a data folder, an mcp.json with servers that are poisoned. */
function makeMachine(): (arg: string) => string {
  const home = temporaryFolder();
  const data = join(home, 'data');
  const mcp = join(home, 'mcp.json');
  const server = {
    command: process.execPath,
    args: [join(import.meta.dirname, 'poison/mcp-server.mjs')],
    // Written otherwise: what a server is given in a variable is hidden in all that it prints.
    env: { POISON: Buffer.from(POISON, 'utf16le').toString('hex') },
  };
  const mcpServers = { poisoned: server, broken: { ...server, args: [...server.args, 'broken'] } };
  writeFileSync(mcp, JSON.stringify({ mcpServers }));
  chmodSync(mcp, 0o600);
  return (arg) =>
    arg
      .replace(/^HOME\b/, home)
      .replace(/^DATA\b/, data)
      .replace(/^MCP$/, mcp);
}

/** What a run writes at a terminal and elsewhere, as text and as JSON where it can, in the given surroundings. */
async function* written(
  path: string,
  { args, answer, input = answer === undefined ? TOKEN : `${answer}\n` }: Run,
  url: string | undefined,
  place: (arg: string) => string,
) {
  const environment = {
    HOME: place('HOME'),
    LATCHKEY_API_TOKEN: TOKEN,
    ...(url === undefined ? {} : { LATCHKEY_URL: url }),
  };
  for (const isTerminal of [true, false]) {
    for (const flags of hasJson(path) ? [[], ['--json']] : [[]]) {
      const placed = args.map(place);
      const end = placed.indexOf('--');
      const all = end === -1 ? [...placed, ...flags] : [...placed.slice(0, end), ...flags, ...placed.slice(end)];
      const run = await runCommand(all, { isTerminal, input, hasPerson: answer !== undefined, environment });
      yield { ...run, isTerminal, isJson: flags.length > 0 };
    }
  }
}

/** What a model says is for the program behind a pipe as the model has said it. */
const isProse = (path: string, { isTerminal, isJson }: { isTerminal: boolean; isJson: boolean }): boolean =>
  path === 'chat' && !isTerminal && !isJson;

function expectSeen(path: string, run: Written & { isTerminal: boolean; isJson: boolean }): void {
  const stdout = isProse(path, run) ? '' : run.stdout;
  expect(
    unseenIn(stdout + run.stderr, run.isTerminal),
    `${path} ${JSON.stringify({ ...run, stdout: '', stderr: '' })}`,
  ).toEqual([]);
}

describe('what commands write', { timeout: PATIENCE_MILLISECONDS }, () => {
  it('knows every command that there is', () => {
    expect(Object.keys(POISONED_COMMANDS).sort()).toEqual(commands.map(([path]) => path).sort());
  });

  it.each(Object.entries(POISONED_COMMANDS))('has nothing that nobody sees: %s', async (path, runs) => {
    const url = await startPoisonedServer('answers');
    const place = makeMachine();
    for (const run of [{ args: [...path.split(' '), '--help'] }, ...runs]) {
      let all = '';
      for await (const one of written(path, run, 'asks' in run ? url : undefined, place)) {
        expectSeen(path, one);
        all += one.stdout + one.stderr;
      }
      expect(all).not.toBe('');
      if ('shows' in run) expect(all, JSON.stringify(run.args).slice(0, 60)).toMatch(WRITTEN_OUT);
    }
  });

  it('has nothing that nobody sees in the summary of a server that has started', () => {
    const config = defineConfig({ data: `/srv/${POISON}`, models: `/srv/${POISON}`, engine: { gpu: 'off' } });
    const unreadable = [{ key: POISON, reason: POISON }];
    const servers = [{ id: POISON, layers: [POISON], missing: POISON }];
    for (const models of [[POISON], []]) {
      let written = '';
      const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
        written += text;
        return true;
      });
      printSummary(config, { models, unreadable, servers, warnings: [POISON] });
      write.mockRestore();
      expect(unseenIn(written, true)).toEqual([]);
      expect(written).toMatch(WRITTEN_OUT);
      expect(
        written
          .split('\n')
          .slice(0, -1)
          .every((line) => line.startsWith('  ')),
      ).toBe(true);
    }
  });

  it.each(REFUSALS)('has nothing that nobody sees when the server %s', async (behaviour) => {
    const url = await startPoisonedServer(behaviour);
    const place = makeMachine();
    for (const [path, runs] of Object.entries(POISONED_COMMANDS)) {
      for (const run of runs.filter(({ asks }) => asks)) {
        for await (const one of written(path, run, url, place)) expectSeen(path, one);
      }
    }
  });
});
