import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addServerToMcpJson, parseMcpJson, removeServerFromMcpJson } from '../../src/index.ts';

const file = `{
  // The team's servers.
  "mcpServers": {
    "files": { "command": "mcp-files" }, // read only
    /* remote */
    "search": { "url": "https://a.example" },
  },
}
`;
const labels = (text: string): string[] => [...parseMcpJson(text, {}).servers.keys()];

describe('adding a server to an mcp.json', () => {
  it('keeps what is there, comments and all', () => {
    const text = addServerToMcpJson(file, 'notes', { command: 'notes', env: { KEY: `\${KEY}` } });
    expect(labels(text)).toEqual(['files', 'search', 'notes']);
    for (const line of file.split('\n').slice(0, 5)) expect(text).toContain(line);
    expect(text).toContain(`"KEY": "\${KEY}"`);
  });

  it('is refused in words where the servers are a list', () => {
    const list = '{ "mcpServers": [{ "name": "files", "command": "x" }] }';
    for (const change of [
      () => addServerToMcpJson(list, 'notes', { command: 'y' }),
      () => removeServerFromMcpJson(list, 'files'),
    ]) {
      expect(change).toThrow(expect.objectContaining({ code: 'MCP_CONFIG_INVALID', path: 'mcpServers' }));
    }
  });

  it('makes the file when there is none', () => {
    const text = addServerToMcpJson(undefined, 'notes', { command: 'notes' });
    expect(labels(text)).toEqual(['notes']);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it("keeps to VS Code's notation where the file does", () => {
    expect(JSON.parse(addServerToMcpJson('{"servers": {}}', 'a', { command: 'x' }))).toEqual({
      servers: { a: { command: 'x' } },
    });
  });

  it.each<[string, string, string, object]>([
    ['a server of this label', file, 'files', { command: 'x' }],
    ['a server that is reached by the same id', file, 'FILES', { command: 'x' }],
    ['a label that is none', file, 'a b', { command: 'x' }],
    ['an entry that is none', file, 'notes', { args: [] }],
    ['a file that is wrong', '{"mcpServers": {}, "servers": {}}', 'notes', { command: 'x' }],
    ['a file that is no JSON', '{', 'notes', { command: 'x' }],
  ])('is refused for %s', (_, text, label, entry) => {
    expect(() => addServerToMcpJson(text, label, entry as Record<string, unknown>)).toThrow(
      expect.objectContaining({ code: 'MCP_CONFIG_INVALID' }),
    );
  });

  it('is no question of the other entries', () => {
    const text = addServerToMcpJson('{"mcpServers": {"a": {}}}', 'notes', { command: 'x' });
    expect(JSON.parse(text)).toEqual({ mcpServers: { a: {}, notes: { command: 'x' } } });
  });
});

describe('removing a server from an mcp.json', () => {
  it('leaves the others and their comments', () => {
    const text = removeServerFromMcpJson(file, 'search');
    expect(labels(text)).toEqual(['files']);
    expect(text).toContain("// The team's servers.");
    expect(labels(removeServerFromMcpJson(file, 'files'))).toEqual(['search']);
  });

  it('is refused for one that is not there', () => {
    expect(() => removeServerFromMcpJson(file, 'notes')).toThrow(
      expect.objectContaining({ code: 'MCP_SERVER_UNKNOWN', path: 'mcpServers.notes' }),
    );
  });

  it('undoes adding', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(label, { maxLength: 4 }), label, (others, added) => {
        fc.pre(!others.includes(added));
        const servers = Object.fromEntries(others.map((other) => [other, { command: other }]));
        const text = JSON.stringify({ mcpServers: servers }, null, 2);
        const back = removeServerFromMcpJson(addServerToMcpJson(text, added, { command: 'x' }), added);
        expect(JSON.parse(back)).toEqual({ mcpServers: servers });
      }),
    );
  });
});
