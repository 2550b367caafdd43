import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { main } from '../../src/command/cli.ts';
import { EXIT_CODES } from '../../src/command/exit-codes.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

const TOKEN = 'sk-lm-AbCd1234:0123456789abcdefghij';

/** Runs a command against a server that answers everything with one answer. */
async function run(args: readonly string[], answer: () => Promise<Response> = async () => new Response('{}')) {
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    });
  }
  vi.stubGlobal('fetch', answer);
  vi.stubEnv('LATCHKEY_API_TOKEN', TOKEN);
  vi.stubEnv('HOME', temporaryFolder());
  process.exitCode = 0;
  try {
    await main(['node', 'latchkey', ...args]);
    return { exit: process.exitCode, ...printed };
  } finally {
    process.exitCode = 0;
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  }
}

const refusal = (status: number, code: string) => async () =>
  Response.json({ error: { code, message: 'No.' } }, { status });
const URL_OF_IT = ['--url', 'http://127.0.0.1:9'];

describe('the exit code', () => {
  it.each([
    ['done', ['models', ...URL_OF_IT], async () => Response.json({ models: [] })],
    ['usage', ['modles'], undefined],
    ['usage', ['serve', '--prot', '1'], undefined],
    ['usage', ['models', '--url', 'nonsense'], undefined],
    ['unauthenticated', ['models', ...URL_OF_IT], refusal(401, 'invalid_token')],
    ['denied', ['models', ...URL_OF_IT], refusal(403, 'permission_denied')],
    ['missing', ['mcp', 'logs', 'x', ...URL_OF_IT], refusal(404, 'plugin_not_found')],
    ['missing', ['audit', 'verify', '--data', '/nonexistent/latchkey'], undefined],
    ['unreachable', ['models', ...URL_OF_IT], () => Promise.reject(new TypeError('fetch failed'))],
    ['unreachable', ['models', '--data', '/nonexistent/latchkey'], undefined],
    ['later', ['models', ...URL_OF_IT], refusal(429, 'requests_per_minute_exceeded')],
    ['conflict', ['models', ...URL_OF_IT], refusal(409, 'conflict')],
    ['failed', ['models', ...URL_OF_IT], refusal(500, 'internal_error')],
    ['failed', ['can', 'chat', ...URL_OF_IT], async () => Response.json({ allowed: false, message: 'no' })],
  ] as const)('says %s of %j', async (ending, args, answer) => {
    expect((await run([...args], answer as () => Promise<Response>)).exit).toBe(EXIT_CODES[ending].exit);
  });

  it('says of a data folder that cannot be used that this machine is at fault', async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { file: '' });
    const { exit, stderr } = await run(['token', 'list', '--data', join(folder, 'file')]);
    expect(exit).toBe(EXIT_CODES.machine.exit);
    expect(stderr).toMatch(/^latchkey: .*file is a file, not a folder/);
  });

  it('is told in docs/client.md as the code has it', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/client.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(\d+)` +\| (.*?) +\|$/gm)].map(([, exit, means]) => [Number(exit), means]);
    expect(rows).toEqual(Object.values(EXIT_CODES).map(({ exit, means }) => [exit, means]));
  });
});

describe('a failure of a command that was asked for JSON', () => {
  it.each([
    [['models', ...URL_OF_IT], refusal(403, 'permission_denied'), 'permission_denied'],
    [['models', ...URL_OF_IT], () => Promise.reject(new TypeError('fetch failed')), 'unreachable'],
    [['models', '--prot', '1'], undefined, 'usage'],
    [['token', 'create'], undefined, 'usage'],
    [['audit', 'list', '--data', '/nonexistent/latchkey'], undefined, 'missing'],
  ] as const)(
    'of %j is one JSON object on standard error, and nothing on standard output',
    async (args, answer, code) => {
      const { stdout, stderr } = await run([...args, '--json'], answer as () => Promise<Response>);
      expect(stdout).toBe('');
      expect(JSON.parse(stderr)).toEqual({ error: { code, message: expect.any(String) } });
    },
  );

  it('repeats no token that was mistyped', async () => {
    expect((await run(['token', TOKEN, '--json'])).stderr).not.toContain('0123456789abcdefghij');
    expect((await run([TOKEN])).stderr).not.toContain('0123456789abcdefghij');
  });
});
