import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/command/commands.ts';

const namesOf = async (word?: string): Promise<readonly string[]> =>
  (await createProgram(word)).commands.map((command) => command.name());
const all = await namesOf();

describe('the program', () => {
  it.each(all)('has the command %s when a command line begins with it', async (name) => {
    const names = await namesOf(name);
    expect(names).toContain(name);
    // For the scripts of completion all are needed.
    if (name !== 'completion') expect(names.length).toBeLessThan(4);
  });

  it.each(['', 'help', '--help', '--json', 'tokne'])(
    'has every command when a command line begins with %j',
    async (word) => {
      expect(await namesOf(word)).toEqual(all);
    },
  );
});
