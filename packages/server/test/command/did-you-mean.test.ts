import type { Command, Option } from 'commander';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/command/cli.ts';
import { createProgram } from '../../src/command/commands.ts';

const commandsBelow = (command: Command, path: readonly string[] = []): readonly (readonly [string[], Command])[] =>
  command.commands.flatMap((child) => {
    const own = [...path, child.name()];
    return [[own, child] as const, ...commandsBelow(child, own)];
  });
const commands = commandsBelow(await createProgram());

/** As fingers write it: a letter too few, one too many, two swapped, another case. */
const mistypings = (word: string): readonly string[] => [
  word.slice(0, -1),
  `${word.slice(0, 2)}${word.slice(1)}`,
  `${word.slice(0, -2)}${word.at(-1)}${word.at(-2)}`,
  word.toUpperCase(),
];

async function refusal(...args: readonly string[]): Promise<string> {
  const error = await run(['node', 'latchkey', ...args], true).catch((thrown: unknown) => thrown);
  expect(error, args.join(' ')).toBeInstanceOf(CommanderError);
  return (error as CommanderError).message;
}

describe('a mistyped name', () => {
  it.each(commands.map(([path]) => [path.join(' '), path] as const))(
    'is answered with the command: %s',
    async (whole, path) => {
      const [last = '', parent] = [path.at(-1), path.slice(0, -1)];
      const taken = commands.filter(([other]) => other.length === path.length).map(([other]) => other.at(-1));
      for (const wrong of mistypings(last).filter((word) => !taken.includes(word))) {
        expect(await refusal(...parent, wrong), wrong).toMatch(new RegExp(`Did you mean [^?]*\\b${whole}\\b`));
      }
    },
  );

  it.each(
    commands
      .filter(([, { commands: below }]) => below.length === 0)
      .map(([path, command]) => [path.join(' '), path, command] as const),
  )('is answered with the option: %s', async (_, path, command) => {
    const options = command.options.flatMap(({ long }: Option) => (long ? [long] : []));
    const required = command.options.flatMap(({ mandatory, long, argChoices }) =>
      mandatory && long ? [long, argChoices?.[0] ?? 'x'] : [],
    );
    for (const option of options) {
      for (const wrong of mistypings(option.slice(2)).map((word) => `--${word}`)) {
        if (options.includes(wrong)) continue;
        expect(await refusal(...path, ...required, wrong), wrong).toMatch(new RegExp(`Did you mean [^?]*${option}\\b`));
      }
    }
  });

  it.each([
    [['revoke', 'x'], 'token revoke'],
    [['create'], 'token create'],
    [['token', 'serve'], 'serve'],
    [['token', 'ls'], 'token list'],
    [['mcp', 'rm', 'x'], 'mcp remove'],
    [['start'], 'serve'],
    [['logs'], 'mcp logs'],
    [['approvals', 'denny'], 'approvals deny'],
    [['token', 'create', 'x', '-json'], '--json'],
  ])('is found wherever it is, also by what others call it: %j', async (args, meant) => {
    expect(await refusal(...args)).toMatch(new RegExp(`Did you mean [^?]*${meant}`));
  });

  it.each([
    [['token', 'lsit'], 'token list'],
    [['approvals', 'lis'], 'approvals list'],
    [['audit', 'exprot'], 'audit export'],
  ])('is looked for below the command first: %j', async (args, meant) => {
    expect(await refusal(...args)).toMatch(new RegExp(`Did you mean ${meant}\\?`));
  });

  it.each([['xyzzy'], ['update'], ['token', 'xyzzy'], ['models', '--nothing-like-it']])(
    'is answered with nothing where nothing is near: %s %s',
    async (...args) => {
      expect(await refusal(...args.filter(Boolean))).not.toContain('Did you mean');
    },
  );
});
