import { createMcpHost, type McpHost, parseMcpJson } from '@latchkey/mcp-bridge';
import { scriptedOpener } from '@latchkey/mcp-bridge/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServerError } from '../../src/contracts/server-error.ts';
import { openToolset } from '../../src/tools/open-toolset.ts';
import { decideFor, newHost, UNAUDITED } from './caller.ts';

const may = (...actions: string[]): object => ({
  actions,
  models: ['*'],
  mcp: { '*': { tools: { '*': {} } } },
});

/** What a caller with these actions is told when it wants the tools of a server. */
async function told(host: McpHost, id: string, ...actions: string[]): Promise<ServerError> {
  const options = {
    decide: await decideFor(may('chat', ...actions)),
    switches: () => ({ allowMcpJson: true, allowEphemeralMcp: false }),
    audit: UNAUDITED,
    signal: new AbortController().signal,
  };
  return openToolset(host, [{ type: 'plugin', id }], options).then(
    () => expect.fail('it was opened'),
    (error: ServerError) => error,
  );
}

function hostOf(tools: readonly string[], pins: 'explicit' | 'off'): McpHost {
  const mcpServers = { a: { command: 'scripted', allowedTools: tools } };
  const config = parseMcpJson(JSON.stringify({ mcpServers }), {});
  const store = {
    fingerprints: async () => new Map<string, string>(),
    definitions: async () => new Map<string, string>(),
    begin: async () => {},
    approve: async () => {},
  };
  const host = createMcpHost({ config, opener: scriptedOpener(), pins: { store, mode: pins } });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

describe('why a server cannot be used', () => {
  it('is told to who may know how servers are', async () => {
    const error = await told(newHost(), 'mcp/dead', 'mcp:read');
    expect(error).toMatchObject({
      code: 'PLUGIN_UNAVAILABLE',
      message: expect.stringContaining('could not be started: it ended with code 1.'),
    });
  });

  it('is told to nobody else', async () => {
    const error = await told(newHost(), 'mcp/dead');
    expect(error.code).toBe('PLUGIN_UNAVAILABLE');
    expect(error.message).not.toContain('ended with code');
  });

  it('is that its tools are held back, and no missing permission', async () => {
    const host = hostOf(['*'], 'explicit');
    expect(await told(host, 'mcp/a', 'mcp:read')).toMatchObject({
      code: 'PLUGIN_UNAVAILABLE',
      message: expect.stringMatching(
        /has no tool to offer: all its tools are held back until they are approved \(\d+\)\.$/,
      ),
    });
    expect(await told(host, 'mcp/a')).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('is a missing permission where nothing else is wrong', async () => {
    expect(await told(hostOf([], 'off'), 'mcp/a', 'mcp:read')).toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});
