import { describe, expect, it } from 'vitest';
import { isLink, readInstallLink } from '../../../src/command/mcp-import/install-link.ts';

const entry = { command: 'npx', args: ['-y', 'server', 'a+b?'] };
const json = JSON.stringify(entry);
const base64 = Buffer.from(json).toString('base64');
const encoded = encodeURIComponent;
const files = { name: 'files', entry };

describe('an install link', () => {
  it.each([
    `lmstudio://add_mcp?name=files&config=${encoded(base64)}`,
    `lmstudio://add_mcp?name=files&config=${base64}`,
    `https://lmstudio.ai/install-mcp?name=files&config=${Buffer.from(json).toString('base64url')}`,
    `cursor://anysphere.cursor-deeplink/mcp/install?name=files&config=${encoded(base64)}`,
    `https://cursor.com/en/install-mcp?name=files&config=${encoded(base64)}`,
    `vscode:mcp/install?${encoded(JSON.stringify({ name: 'files', ...entry }))}`,
    `vscode-insiders:mcp/install?${encoded(JSON.stringify({ name: 'files', ...entry }))}`,
    `https://insiders.vscode.dev/redirect/mcp/install?name=files&config=${encoded(json)}&quality=insiders`,
    `https://vscode.dev/redirect?url=${encoded(`vscode:mcp/install?${encoded(JSON.stringify({ name: 'files', ...entry }))}`)}`,
    `https://kiro.dev/launch/mcp/add?name=files&config=${encoded(json)}`,
  ])('is read: %s', (link) => {
    expect(isLink(link)).toBe(true);
    expect(readInstallLink(link)).toEqual(files);
  });

  it('of Goose names the variables that it needs', () => {
    const link = 'goose://extension?cmd=npx&arg=-y&arg=server&name=Files&env=API_KEY%3Dyour%20key';
    const read = { command: 'npx', args: ['-y', 'server'], env_keys: ['API_KEY'] };
    expect(readInstallLink(link)).toEqual({ name: 'Files', entry: read });
    const remote = 'goose://extension?url=https%3A%2F%2Fa.example%2Fmcp&name=web';
    expect(readInstallLink(remote)).toEqual({ name: 'web', entry: { url: 'https://a.example/mcp' } });
  });

  it.each([
    'https://example.com/',
    'lmstudio://add_mcp?name=files',
    `lmstudio://add_mcp?config=${encoded(base64)}`,
    'lmstudio://add_mcp?name=files&config=bm90IGpzb24=',
    'lmstudio://add_mcp?name=files&config=W10=',
    // Of a key that is written twice one would be lost.
    `lmstudio://add_mcp?name=files&config=${encoded('{"command":"x","tools":["a"],"tools":[]}')}`,
    'vscode:mcp/install?%E0%A4%A',
    `lmstudio://add_mcp?name=files&config=${'A'.repeat(70_000)}`,
    `x:?url=${encoded(`x:?url=${encoded(`x:?url=${encoded(`x:?name=a&config=${encoded(json)}`)}`)}`)}`,
  ])('is refused when it describes no server: %#', (link) => {
    expect(() => readInstallLink(link)).toThrow('describes no MCP server');
  });

  it.each(['config.toml', './a.json', '/etc/mcp.json', String.raw`C:\mcp.json`, '-'])('is not the path %s', (path) => {
    expect(isLink(path)).toBe(false);
  });
});
