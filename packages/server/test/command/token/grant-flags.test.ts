import { describe, expect, it } from 'vitest';
import { writeGrant } from '../../../src/command/token/grant-flags.ts';

const FIRST = { actions: ['chat'], models: ['*'] } as const;

describe('a grant of flags', () => {
  it('has the models, tools and limits that they name, and the rest of the first grant', () => {
    expect(
      writeGrant(
        {
          models: ['ibm/*', 'latchkey/nano'],
          tools: ['mcp/files.read_*', 'mcp/files.list', 'mcp/web'],
          limit: ['requestsPerMinute=60', 'weight=0.5'],
        },
        FIRST,
      ),
    ).toEqual({
      actions: ['chat'],
      models: ['ibm/*', 'latchkey/nano'],
      mcp: { 'mcp/files': { tools: { 'read_*': {}, list: {} } }, 'mcp/web': { tools: { '*': {} } } },
      limits: { requestsPerMinute: 60, weight: 0.5 },
    });
  });

  it('is the first one without flags, and --grant with it alone', () => {
    expect(writeGrant({}, FIRST)).toEqual(FIRST);
    expect(writeGrant({ grant: '{"actions":[]}' }, FIRST)).toEqual({ actions: [] });
    expect(writeGrant({ tools: ['none'] }, FIRST).mcp).toEqual({});
  });

  it.each([
    [{ grant: '{}', models: ['*'] }, '--grant says all'],
    [{ limit: ['requestsPerMinute'] }, 'not NAME=NUMBER'],
    [{ limit: ['requestsPerMinute=-1'] }, 'not NAME=NUMBER'],
    [{ limit: ['requestsPerHour=1'] }, 'requestsPerHour'],
  ])('is refused: %j', (flags, words) => {
    expect(() => writeGrant(flags, FIRST)).toThrow(words);
  });
});
