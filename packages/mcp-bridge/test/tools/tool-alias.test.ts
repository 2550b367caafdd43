import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignAliases, type ToolIdentity } from '../../src/tools/tool-alias.ts';

const tool = (label: string, name: string): ToolIdentity => ({ server: `mcp/${label}`, label, tool: name });
const aliases = (...tools: ToolIdentity[]): string[] => [...assignAliases(tools).keys()];

describe('assignAliases', () => {
  it('keeps a name that only one tool has', () => {
    expect(aliases(tool('a', 'read'), tool('b', 'write'))).toEqual(['read', 'write']);
  });

  it('puts the label before a name that several servers have', () => {
    expect(aliases(tool('a', 'read'), tool('b', 'read'))).toEqual(['a__read', 'b__read']);
  });

  it('keeps two tools apart whose joined names are equal', () => {
    const tools = [tool('a', 'b__c'), tool('x', 'b__c'), tool('a__b', 'c'), tool('y', 'c')];
    const assigned = assignAliases(tools);
    expect(assigned.size).toBe(4);
    expect([...assigned.values()]).toEqual(tools);
  });

  it("gives no server the alias of another server's tool, whatever it calls its own and whichever comes first", () => {
    const real = [tool('files', 'write_file'), tool('notes', 'write_file'), tool('files', 'read.me')];
    const names = aliases(...real);
    const alone = aliases(tool('files', 'read.me'));
    for (const name of [...names, ...alone, 'files___write_file']) {
      const forged = tool('evil', name);
      expect(aliases(forged, ...real).slice(1)).toEqual(names);
    }
    const [first] = aliases(tool('a', '_b'), tool('x', '_b'), tool('a_', 'b'), tool('y', 'b'));
    expect(first).not.toBe('a___b');
  });

  it('replaces what model APIs do not accept and adds a hash', () => {
    expect(aliases(tool('a', 'files.read'))[0]).toMatch(/^files_read_[0-9a-f]{6}$/);
    expect(aliases(tool('a', 'x'.repeat(128)))[0]).toMatch(/^x{57}_[0-9a-f]{6}$/);
  });

  it('gives the same aliases each time', () => {
    const tools = [tool('a', 'files.read'), tool('b', 'files.read'), tool('c', 'other')];
    expect(aliases(...tools)).toEqual(aliases(...tools));
  });

  it('gives each tool its own acceptable alias, whatever the servers call theirs', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'b', 'a__b', 'b__c', 'c', 'a.b', 'a_b'),
      fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/),
    );
    const identity = fc.tuple(fc.constantFrom('a', 'a__b', 'b', 'c.d'), name).map(([label, name]) => tool(label, name));
    const tools = fc.uniqueArray(identity, { selector: ({ server, tool }) => JSON.stringify([server, tool]) });
    fc.assert(
      fc.property(tools, (list) => {
        const assigned = assignAliases(list);
        expect([...assigned.values()]).toEqual(list);
        for (const alias of assigned.keys()) expect(alias).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      }),
    );
  });
});
