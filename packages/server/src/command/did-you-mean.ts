import { Command } from 'commander';

/** Names of commands in other programs, and ours. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  ls: ['list'],
  rm: ['delete', 'remove'],
  del: ['delete', 'remove'],
  add: ['create'],
  new: ['create'],
  get: ['show'],
  run: ['serve', 'chat'],
  start: ['serve'],
};

/** A mistyped word may be meant as a command that this program was created without. */
export class MissingCommands extends Error {
  override readonly name = 'MissingCommands';
}

/** A command that answers a mistyped command, subcommand or option with suggestions from the whole program. */
export class SuggestingCommand extends Command {
  /** Whether a program has all of its commands. */
  isWhole = true;

  override createCommand(name?: string): Command {
    return new SuggestingCommand(name);
  }

  /** Called by commander for an unknown subcommand. */
  unknownCommand(): void {
    const [word = ''] = this.args;
    const own = nearest(word, pathsBelow(this));
    const root = rootOf(this);
    if (own.length === 0 && root instanceof SuggestingCommand && !root.isWhole) throw new MissingCommands();
    const all = own.length > 0 ? own : nearest(word, pathsBelow(root));
    this.error(`error: unknown command '${word}'${suggest(all)}`, { code: 'commander.unknownCommand' });
  }

  /** Called by commander for an unknown option. */
  unknownOption(flag: string): void {
    const options = lineageOf(this).flatMap((command) => command.createHelp().visibleOptions(command));
    const names = options.flatMap(({ long }) => (long ? [long] : []));
    this.error(`error: unknown option '${flag}'${suggest(nearest(flag, names))}`, { code: 'commander.unknownOption' });
  }

  /**
   * Called by commander for excess arguments; if the command has subcommands, the argument was meant as one of them.
   */
  _excessArguments(received: readonly string[]): void {
    if (this.commands.length > 0) this.unknownCommand();
    const expected = this.registeredArguments.length;
    const count = `${expected} argument${expected === 1 ? '' : 's'}`;
    this.error(
      `error: too many arguments for '${this.name()}'. Expected ${count} but got ${received.length}: ${received.join(', ')}.`,
      { code: 'commander.excessArguments' },
    );
  }
}

/** The names closest to a mistyped one; several if they are equally close. */
export function nearest(mistyped: string, names: readonly string[]): readonly string[] {
  const word = bare(mistyped.slice(0, LONGEST));
  const elsewhere = names.filter((name) => ELSEWHERE[word]?.includes(lastOf(name)));
  const measured = names.map((name) => ({ name, distance: distanceOf(word, lastOf(name)) }));
  const least = Math.min(...measured.map(({ distance }) => distance));
  const near = Number.isFinite(least) ? measured.filter(({ distance }) => distance === least) : [];
  return least === 0 || elsewhere.length === 0 ? near.map(({ name }) => name) : elsewhere;
}

const LONGEST = 40;

const bare = (name: string): string => name.toLowerCase().replace(/^-{0,2}/, '');
const lastOf = (name: string): string => bare(name.slice(name.lastIndexOf(' ') + 1));

/** The distance between two names; infinite if one is not a plausible misspelling of the other. */
function distanceOf(word: string, name: string): number {
  const distance = edits(word, name);
  if (distance <= Math.max(1, Math.floor(Math.max(word.length, name.length) / 3))) return distance;
  return word.length >= 3 && (name.startsWith(word) || word.startsWith(`${name}-`))
    ? distance
    : Number.POSITIVE_INFINITY;
}

/** The edit distance: insertions, deletions, substitutions, and swaps of adjacent letters. */
function edits(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const at = (up: number, back: number): number => (up === 0 ? row : rows[i - up])?.[j - back] ?? 0;
      const isSame = left[i - 1] === right[j - 1];
      const isSwapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      row.push(Math.min(at(1, 0) + 1, at(0, 1) + 1, at(1, 1) + (isSame ? 0 : 1), isSwapped ? at(2, 2) + 1 : LONGEST));
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}

function suggest(names: readonly string[]): string {
  const [first, ...others] = [...new Set(names)].sort();
  if (first === undefined) return '';
  return `\n(Did you mean ${others.length === 0 ? first : `one of ${[first, ...others].join(', ')}`}?)`;
}

/** The visible commands below a command, as they are typed after the name of the program. */
function pathsBelow(command: Command): readonly string[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => [pathOf(child), ...pathsBelow(child)]);
}

function pathOf(command: Command): string {
  return lineageOf(command)
    .slice(0, -1)
    .map((one) => one.name())
    .reverse()
    .join(' ');
}

function lineageOf(command: Command): readonly Command[] {
  return command.parent === null ? [command] : [command, ...lineageOf(command.parent)];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
