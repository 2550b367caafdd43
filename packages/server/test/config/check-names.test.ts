import { parseMcpJson } from '@latchkey/mcp-bridge';
import { describe, expect, it } from 'vitest';
import { requireLabelledServers } from '../../src/config/check-names.ts';

const servers = (entries: Record<string, object>) => parseMcpJson(JSON.stringify({ mcpServers: entries }), {});

describe('toolLabels', () => {
  const config = servers({ my_web: { command: 'x' }, off: { command: 'x', disabled: true } });
  const check = (...names: readonly string[]) => {
    const labels = Object.fromEntries(names.map((name) => [name, { '*': ['untrusted' as const] }]));
    return () => requireLabelledServers({ toolLabels: labels }, config);
  };

  it('names servers of mcp.json by their ids, one that is switched off too, patterns, and what requests bring along', () => {
    expect(check('mcp/my-web', 'mcp/off', 'mcp/*', '*', 'ephemeral/*')).not.toThrow();
  });

  it.each([
    ['my_web', 'The server with that label is written mcp/my-web.'],
    ['my-web', 'The server with that label is written mcp/my-web.'],
    ['mcp/my_web', 'There are mcp/my-web.'],
    ['mcp/nosuch', 'There are mcp/my-web.'],
    ['mcp/My-Web', 'There are mcp/my-web.'],
  ])('refuses %s, which matches nothing', (name, hint) => {
    expect(check('mcp/my-web', name)).toThrow(`toolLabels: "${name}" matches no server of mcp.json`);
    expect(check(name)).toThrow(hint);
  });

  it('may be those of all servers when there are none: requests bring some along', () => {
    for (const name of ['*', 'ephemeral/*', 'ephemeral/web']) {
      const labels = { toolLabels: { [name]: { '*': ['private' as const] } } };
      expect(() => requireLabelledServers(labels, servers({}))).not.toThrow();
    }
  });

  it('refuses any name when there are no servers', () => {
    const labels = { toolLabels: { 'mcp/web': {} } };
    expect(() => requireLabelledServers(labels, servers({}))).toThrow('There is none.');
  });
});
