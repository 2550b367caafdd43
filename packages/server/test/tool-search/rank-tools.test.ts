import { describe, expect, it } from 'vitest';
import { rankTools } from '../../src/tool-search/rank-tools.ts';

const tool = (name: string, description = '', properties: Record<string, object> = {}) => ({
  name,
  description,
  parameters: { type: 'object', properties },
});
const TOOLS = [
  tool('read_file', 'Reads a text from the disk.', { path: { type: 'string', description: 'Where it is.' } }),
  tool('sendMail', 'Sends a letter to somebody.', { to: { type: 'string' }, subject: { type: 'string' } }),
  tool('weather', 'The forecast of a city.', {
    place: { type: 'object', properties: { latitude: { type: 'number', description: 'In degrees north.' } } },
    unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
  }),
  tool('query_1', '查询数据库中的订单。'),
  tool('file', 'Puts papers into the right drawer.'),
];
const namesOf = (wish: string, most = 10, tools = TOOLS): readonly string[] =>
  rankTools(tools)(wish, most).map(({ name }) => name);

describe('a search for tools', () => {
  it.each([
    ['a word of the name', 'mail', 'sendMail'],
    ['a word of the description', 'forecast for Lisbon', 'weather'],
    ['the name of a parameter', 'latitude', 'weather'],
    ['the description of a parameter', 'degrees', 'weather'],
    ['a value of a parameter', 'Fahrenheit', 'weather'],
    ['a plural', 'letters', 'sendMail'],
    ['a script without spaces', '订单', 'query_1'],
    ['a name of several words', 'send_mail', 'sendMail'],
  ])('finds by %s', (_, wish, name) => {
    expect(namesOf(wish)).toEqual([name]);
  });

  it('puts the tool whose whole name was asked for first', () => {
    const tools = [tool('file_file_file'), ...TOOLS];
    expect(namesOf('file', 1, tools)).toEqual(['file']);
  });

  it('puts a rare word before a common one, and a name before a description', () => {
    const tools = [tool('list_issues'), tool('list_notes'), tool('list_files', 'Not of an issue.')];
    expect(namesOf('list issues', 10, tools)).toEqual(['list_issues', 'list_files', 'list_notes']);
  });

  it('gives the same order each time, and the order of the list to tools that fit alike', () => {
    const tools = Array.from({ length: 50 }, (_, index) => tool(`copy_${index}`, 'The same.'));
    const names = namesOf('copy', 7, tools);
    expect(names).toEqual(tools.slice(0, 7).map(({ name }) => name));
    expect(namesOf('copy', 7, tools)).toEqual(names);
  });

  it('finds nothing without a word in common, and nothing among no tools', () => {
    expect(namesOf('quantum')).toEqual([]);
    expect(namesOf('?!')).toEqual([]);
    expect(namesOf('file', 10, [])).toEqual([]);
  });
});
