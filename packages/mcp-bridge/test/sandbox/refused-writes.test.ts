import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, open, processHost } from '../hosting.ts';

const program = fileURLToPath(new URL('../real/raw-server.mjs', import.meta.url));
const tools = await probeSandboxTools(process.env);
const works = tools.bubblewrap !== undefined && tools.prlimit !== undefined;
const hint = expect.stringContaining('its sandbox refused a write: it may write its own home');

/** A program that writes to the system when its tool is called, and says in `how` that it could not. */
const writing = (how: string, sandbox: string) => ({
  command: process.execPath,
  args: [
    program,
    `{ change: (answer, method) => {
      if (method !== 'tools/call') return answer;
      try { process.getBuiltinModule('node:fs').mkdirSync('/usr/latchkey-test/profile', { recursive: true }); } catch (error) { ${how} }
      return answer;
    } }`,
  ],
  sandbox,
});

describe.runIf(works)('a write that a sandbox refuses', () => {
  it.each([
    ['as the error of a tool', 'answer.result = { isError: true, content: [{ type: "text", text: String(error) }] };'],
    [
      'as an error of the protocol',
      'return { jsonrpc: "2.0", id: answer.id, error: { code: -32000, message: String(error) } };',
    ],
    ['on standard error', 'console.error(error);'],
  ])('is a problem of the server that shows: it was met %s', async (_, how) => {
    await using host = processHost({ bad: writing(how, 'auto') });
    const toolset = await open(host, 'mcp/bad');
    expect(host.servers()[0]?.problems).toEqual([]);
    await call(toolset, 'act');
    await expect.poll(() => host.servers()[0]?.problems).toEqual([{ text: hint }]);
  });

  it('is the reason why a server ended', async () => {
    const code = `process.getBuiltinModule('node:fs').mkdirSync('/usr/latchkey-test')`;
    await using host = processHost({ bad: { command: process.execPath, args: ['-e', code] } });
    await expect(open(host, 'mcp/bad')).rejects.toThrow(/it ended with code 1; its sandbox refused a write/);
  });

  it('is nothing that a server only quotes', async () => {
    const how = 'answer.result = { content: [{ type: "text", text: "EROFS: read-only file system" }] };';
    await using host = processHost({ bad: writing(how, 'auto') });
    await call(await open(host, 'mcp/bad'), 'act');
    expect(host.servers()[0]?.problems).toEqual([]);
  });
});
