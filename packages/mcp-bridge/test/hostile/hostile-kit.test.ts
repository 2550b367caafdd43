import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import type { McpHost } from '../../src/index.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { type ScriptedMode, scriptedServerPath } from '../../src/testing/index.ts';
import { call, open } from '../hosting.ts';
import { marker, survives } from './survives.ts';

const { bubblewrap, prlimit } = await probeSandboxTools(process.env);
const works = bubblewrap !== undefined && prlimit !== undefined;

const scripted = (...modes: ScriptedMode[]) => ({
  command: process.execPath,
  args: [scriptedServerPath, ...modes, marker],
  sandbox: 'off',
});
const hostileServer = fileURLToPath(new URL('hostile-server.mjs', import.meta.url));
const hostile = (sandbox: unknown) => ({ command: process.execPath, args: [hostileServer, marker], sandbox });

const tryOpen = (host: McpHost) => open(host, 'mcp/bad').catch(() => undefined);
async function attackWith(host: McpHost, tool: string, args: object = {}) {
  return await call(await open(host, 'mcp/bad'), tool, args);
}
const unavailable = { type: 'failure', kind: 'unavailable' };

describe.runIf(existsSync('/proc/self/stat'))('the host survives a server that', () => {
  survives('never answers and does not end', scripted('silent', 'ignore-end'), async (host) => {
    expect(await tryOpen(host)).toBeUndefined();
  });
  survives('never lists its tools', scripted('hang-list', 'ignore-end'), async (host) => {
    expect(await tryOpen(host)).toBeUndefined();
  });
  survives('dies at each start: the fifth time it is left alone', scripted('die-at-start'), async (host) => {
    for (let attempt = 0; attempt < 4; attempt += 1) await tryOpen(host);
    await expect(open(host, 'mcp/bad')).rejects.toThrow('keeps failing');
  });
  survives(
    'hangs in its calls',
    { ...scripted('ignore-end'), timeoutMs: 500 },
    async (host) => {
      for (const tool of ['hang', 'progress', 'hang']) {
        expect(await attackWith(host, tool)).toMatchObject({ type: 'failure', kind: 'timeout' });
      }
    },
    { limits: { callTotalTimeoutMs: 1_500 } },
  );
  survives('dies in a call', scripted(), async (host) => {
    expect(await attackWith(host, 'die')).toMatchObject(unavailable);
  });
  survives(
    'answers with 64 MiB',
    scripted(),
    async (host) => {
      expect(await attackWith(host, 'big', { bytes: 2 ** 26 })).toMatchObject({ type: 'failure', kind: 'failed' });
    },
    // The size is what ends it, not the time, which a busy machine may need to print as much.
    { limits: { startTimeoutMs: 8_000, callTimeoutMs: 10_000, callTotalTimeoutMs: 10_000, closeGraceMs: 200 } },
  );
  for (const mode of ['flood', 'noise-flood', 'endless-line'] as const) {
    survives(`sends without end: ${mode}`, scripted(mode), async (host) => {
      await tryOpen(host);
      await expect.poll(() => host.servers()[0]?.error).toBeDefined();
    });
  }
  survives('answers what nobody asked, twice, between noise', scripted('noise', 'wrong-ids'), async (host) => {
    expect(await attackWith(host, 'echo', { text: 'a' })).toMatchObject({ type: 'success', text: 'a' });
  });
  survives('answers with what is no result', scripted(), async (host) => {
    expect(await attackWith(host, 'garbage')).toMatchObject({ type: 'failure' });
  });
  survives('pages its tools without end', scripted('infinite-pages'), async (host) => {
    expect((await tryOpen(host))?.tools.length ?? 0).toBeLessThanOrEqual(1024);
  });
  survives('offers a thousand tools', scripted('many-tools'), async (host) => {
    expect((await tryOpen(host))?.tools.length ?? 0).toBeLessThanOrEqual(1024);
  });
  survives('offers schemas that are bombs, hidden names, one name twice', scripted('bad-tools'), async (host) => {
    const names = (await open(host, 'mcp/bad')).tools.map(({ name }) => name);
    expect(names).toContain('echo');
    for (const name of ['twice', 'too-deep', 'too-wide']) expect(names).not.toContain(name);
  });
  survives(
    'asks its client for what only a person may give, and ends what was never begun',
    scripted('asks'),
    async (host) => {
      // Each question has one answer, with no result: that the method is not there.
      const outcome = await attackWith(host, 'answers');
      const answers = JSON.parse(outcome.type === 'success' ? outcome.text : '[]') as { id: string; error?: object }[];
      expect(answers).toHaveLength(5);
      for (const answer of answers) expect(answer).toMatchObject({ error: { code: -32_601 } });
      for (const answer of answers) expect(answer).not.toHaveProperty('result');
      expect(answers.map(({ id }) => id)).toEqual([
        ...['sampling/createMessage', 'elicitation/create', 'roots/list', 'tasks/result', 'made/up'],
      ]);
      expect(await attackWith(host, 'echo', { text: 'a' })).toMatchObject({ type: 'success', text: 'a' });
    },
  );
  survives('stops reading', { ...scripted('deaf'), timeoutMs: 500 }, async (host) => {
    const toolset = await open(host, 'mcp/bad');
    const text = 'x'.repeat(2 ** 21);
    for (const outcome of await Promise.all(Array.from({ length: 8 }, () => call(toolset, 'echo', { text })))) {
      expect(outcome).toMatchObject({ type: 'failure' });
    }
  });
  survives('leaves a child that ignores its end', hostile('off'), async (host) => {
    expect(await attackWith(host, 'descendants')).toMatchObject({ type: 'success', text: '1' });
  });
  survives('has a pattern that takes for ever', hostile('off'), async (host) => {
    const outcome = await attackWith(host, 'redos', { text: `${'a'.repeat(50_000)}!` });
    expect(outcome).toMatchObject({ type: 'failure', kind: 'invalid_arguments' });
  });
  survives(
    'looks for secrets in its environment',
    hostile('off'),
    async (host) => {
      expect(await attackWith(host, 'environment')).toMatchObject({ text: 'HOME,PATH' });
    },
    {
      environment: {
        PATH: process.env.PATH,
        HOME: '/nowhere',
        SECRET: 'x',
        NODE_OPTIONS: '--no-warnings',
        LD_PRELOAD: '',
      },
    },
  );
});

describe.runIf(works)('in its sandbox, the host survives a server that', () => {
  const small = { read: [hostileServer], limits: { memoryMb: 1024, processes: 32 } };
  survives('starts a daemon outside of its group', hostile('auto'), async (host) => {
    expect(await attackWith(host, 'daemon')).toMatchObject({ type: 'success', text: '1' });
  });
  survives('starts processes without end', hostile(small), async (host) => {
    await attackWith(host, 'forks');
  });
  survives('takes memory without end', hostile(small), async (host) => {
    expect(await attackWith(host, 'memory')).toMatchObject({ type: 'failure' });
  });
  survives('kills whom it finds', hostile('auto'), async (host) => {
    await attackWith(host, 'signals');
  });
});
