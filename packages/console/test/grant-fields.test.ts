import { describe, expect, it } from 'vitest';
import { fromLines, toolRows, withField, withLimit, withToolRows } from '../src/api/grant-fields.ts';

const GRANT = {
  actions: ['chat'],
  mcp: {
    'mcp/files': { tools: { read: { arguments: { path: { within: '/srv' } } }, write: { approval: 'ask' } } },
    'mcp/web': { tools: { '*': {} } },
  },
  limits: { tokensPerDay: 100 },
};

describe('the fields of a grant in the form', () => {
  it('give the same grant back when nothing is changed, conditions on arguments included', () => {
    expect(withToolRows(GRANT, toolRows(GRANT))).toEqual(GRANT);
  });

  it('keep what the form does not know', () => {
    const grant = { ...GRANT, ephemeralMcp: { hosts: ['*'] }, fromTheFuture: 1 };
    expect(withLimit(withField(grant, 'models', ['a']), 'weight', 2)).toEqual({
      ...grant,
      models: ['a'],
      limits: { tokensPerDay: 100, weight: 2 },
    });
  });

  it('leave out what is empty, since an empty limit is not a limit of zero', () => {
    expect(withLimit(GRANT, 'tokensPerDay', undefined)).not.toHaveProperty('limits');
    expect(withLimit(GRANT, 'tokensPerDay', 0)).toMatchObject({ limits: { tokensPerDay: 0 } });
    expect(withToolRows(GRANT, [])).not.toHaveProperty('mcp');
    expect(fromLines(' \n\n')).toBeUndefined();
  });

  it.each([{ mcp: 'all' }, { mcp: { 'mcp/a': null } }, { mcp: { 'mcp/a': { tools: ['x'] } } }, { limits: [] }])(
    'survive a grant that is not one: %j',
    (grant) => {
      expect(toolRows(grant)).toEqual([]);
    },
  );
});
