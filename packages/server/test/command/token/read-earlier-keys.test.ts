import { describe, expect, it } from 'vitest';
import { readEarlierKeys } from '../../../src/command/token/read-earlier-keys.ts';

const NOW = new Date('2027-01-01T00:00:00Z');
const GRANT = { actions: ['chat' as const], models: ['*'] };
const HASH = 'AB'.repeat(32);
const read = (text: string, defaults = {}) => readEarlierKeys(text, { grant: GRANT, ...defaults }, NOW);

describe('a file with keys of an earlier system', () => {
  it.each([
    ['one object a line', `{"name":"a","hash":"${HASH}"}\r\n\n{"name":"b","hash":"x"}\n`],
    ['a JSON array', `\uFEFF[{"name":"a","hash":"${HASH}"},\n {"name":"b","hash":"x"}]`],
  ])('is %s', (_, text) => {
    expect(read(text, { owner: 'ada' })).toEqual([
      { name: 'a', hash: HASH.toLowerCase(), grant: GRANT, owner: 'ada' },
      { name: 'b', hash: 'x', grant: GRANT, owner: 'ada' },
    ]);
  });

  it('may be one object on several lines', () => {
    expect(read(JSON.stringify({ name: 'a', hash: 'x' }, null, 2))).toEqual([{ name: 'a', hash: 'x', grant: GRANT }]);
  });

  it('says of each key what the command line says of all', () => {
    const key = { name: 'a', hash: 'x', owner: 'grace', expiresAt: '90d', rotateAfter: '1d', grant: { actions: [] } };
    expect(read(JSON.stringify(key), { owner: 'ada', project: 'web' })).toEqual([
      {
        name: 'a',
        hash: 'x',
        owner: 'grace',
        project: 'web',
        expiresAt: '2027-04-01T00:00:00.000Z',
        rotateAfterSeconds: 86_400,
        grant: { actions: [] },
      },
    ]);
  });

  it.each([
    ['', 'There are no keys in the file.'],
    ['{"name":"a"}', 'key 1: hash: it is missing'],
    ['\n{}\n7', 'line 3: it is not an object'],
    ['[{"name":"secret word"', 'The file is not JSON'],
    ['{"name":"secret word"', 'line 1 is not JSON'],
    ['[{"name":"a","hash":"x"},{"name":"b","hash":"y","grant":{"actions":["fly"]}}]', 'key 2: .*actions'],
    ['{"name":"a","hash":"x","expiresAt":"soon"}', "key 1: expiresAt: 'soon'"],
    ['{"name":"a","hash":"x","secret":"y"}', 'key 1: unknown fields: secret'],
    [
      `{"name":"a","hash":"${HASH}"}\n{"name":"b","hash":"${HASH.toLowerCase()}"}`,
      'line 2: hash: it is that of line 1',
    ],
    [Array.from({ length: 12 }, () => '{}').join('\n'), 'line 10: [^]*and 2 more'],
  ])('is refused with the place of what is wrong: %j', (text, message) => {
    expect(() => read(text)).toThrow(new RegExp(message));
    expect(() => read(text)).not.toThrow('secret word');
  });
});
