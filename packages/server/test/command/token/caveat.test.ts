import { type Grant, llm } from '@latchkey/auth-core/llm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CaveatFlags, writeCaveat } from '../../../src/command/token/caveat.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const caveat = (flags: CaveatFlags): Grant => writeCaveat(flags, NOW);

describe('the caveat that the flags of latchkey token attenuate mean', () => {
  it('leaves everything but the end when only that is given', () => {
    expect(caveat({ expires: '10m' })).toEqual({ ...llm.everything, expiresAt: '2026-11-21T12:10:00.000Z' });
  });

  it('leaves everything but the models when only these are given', () => {
    expect(caveat({ models: ['ibm/*', 'latchkey/nano'] })).toEqual({
      ...llm.everything,
      models: ['ibm/*', 'latchkey/nano'],
    });
  });

  it('allows the tools that are named, and none of servers that a request brings along', () => {
    const { mcp, ephemeralMcp } = caveat({ tools: ['mcp/files.read_*', 'mcp/files.list', 'mcp/web'] });
    expect(mcp).toEqual({
      'mcp/files': { tools: { 'read_*': {}, list: {} } },
      'mcp/web': { tools: { '*': {} } },
    });
    expect(ephemeralMcp).toBeUndefined();
  });

  it('allows no tools for "none"', () => {
    expect(caveat({ tools: ['none'] }).mcp).toEqual({});
  });

  it('is the grant that is given, with the end beside it', () => {
    const grant = '{"actions":["chat"],"models":["*"]}';
    expect(caveat({ grant })).toEqual({ actions: ['chat'], models: ['*'] });
    expect(caveat({ grant, expires: '2027-01-31T12:00:00Z' })).toEqual({
      actions: ['chat'],
      models: ['*'],
      expiresAt: '2027-01-31T12:00:00Z',
    });
  });

  it.each<[CaveatFlags, string]>([
    [{}, 'Nothing to narrow'],
    [{ grant: '{"actions":["chat"]}', models: ['*'] }, '--grant says all'],
    [{ grant: '{"actions":["chat"]}', tools: ['none'] }, '--grant says all'],
    [{ grant: '{"actions":[],"expiresAt":"2027-01-31T12:00:00Z"}', expires: '1h' }, 'expiresAt already'],
    [{ grant: '{"actions":["fly"]}' }, 'grant.actions[0]'],
    [{ grant: '[]', expires: '1h' }, 'grant is not'],
    [{ grant: '{"actions":["chat"],"mcp":{"*":{"tools":{"*":{"arguments":{"a":{"pattern":"("}}}}}}}' }, 'RE2'],
    [{ models: [''] }, 'grant.models[0]'],
    [{ expires: 'soon' }, "'soon' is no duration and no time"],
  ])('refuses %j', (flags, message) => {
    expect(() => caveat(flags)).toThrow(message);
  });

  it('narrows what it is about and nothing else, whatever the token may do', () => {
    const names = fc.constantFrom('mcp/files', 'mcp/web', '*', 'mcp/f*');
    const tools = fc.array(
      fc
        .tuple(names, fc.option(fc.constantFrom('read', 'write', 'r*')))
        .map(([server, tool]) => (tool === null ? server : `${server}.${tool}`)),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...llm.actions),
        tools,
        fc.constantFrom('ibm/a', 'qwen/b'),
        (action, named, model) => {
          const entry = { grant: caveat({ tools: named }), source: 'caveat' };
          const may = (request: Parameters<typeof llm.decide>[1]) => llm.decide([entry], request, { now: NOW }).allowed;
          expect(llm.covers([{ grant: llm.everything, source: 'all' }], entry.grant).covered).toBe(true);
          expect(may({ action })).toBe(true);
          expect(may({ action: 'chat', models: model })).toBe(true);
          for (const server of ['mcp/files', 'mcp/web', 'mcp/other']) {
            for (const name of ['read', 'write']) {
              const isNamed = named.some((text) => matches(text, server, name));
              const tool = { server, name, arguments: {} };
              expect([server, name, may({ action: 'chat', mcp: tool })]).toEqual([server, name, isNamed]);
            }
          }
        },
      ),
    );
  });
});

/** Globs as the command's help describes them, read in another way. */
function matches(text: string, server: string, tool: string): boolean {
  const [, serverGlob = '', toolGlob = '*'] = /^([^.]*)(?:\.(.*))?$/.exec(text) ?? [];
  const fits = (glob: string, whole: string): boolean =>
    glob.endsWith('*') ? whole.startsWith(glob.slice(0, -1)) : glob === whole;
  return fits(serverGlob, server) && fits(toolGlob, tool);
}
