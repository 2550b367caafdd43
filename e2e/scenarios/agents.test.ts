import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type AgentModel, startAgentModel } from '../support/agent-model.ts';
import type { Json } from '../support/json.ts';
import { latchkeyPath } from '../support/latchkey-command.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

interface TriedAgent {
  /** Its name for `latchkey launch`. */
  readonly name: string;
  readonly package: string;
  readonly program: string;
  /** Has it do one task without a person. */
  readonly args: readonly string[];
  readonly path: '/v1/messages' | '/v1/responses' | '/v1/chat/completions';
}

const TASK = 'Write a note.';
const AGENTS: readonly TriedAgent[] = [
  {
    ...{ name: 'claude-code', package: '@anthropic-ai/claude-code@2.1.332', program: 'claude', path: '/v1/messages' },
    args: ['-p', TASK, '--allowedTools', 'Bash'],
  },
  {
    ...{ name: 'qwen-code', package: '@qwen-code/qwen-code@0.24.4', program: 'qwen', path: '/v1/chat/completions' },
    args: ['-p', TASK, '--yolo'],
  },
  {
    ...{ name: 'opencode', package: 'opencode-ai@1.18.33', program: 'opencode', path: '/v1/chat/completions' },
    args: ['run', TASK],
  },
  {
    ...{ name: 'copilot', package: '@github/copilot@1.0.102', program: 'copilot', path: '/v1/responses' },
    args: ['-p', TASK, '--allow-all-tools'],
  },
];

/** They are large, so they are fetched once for each checkout, and are not among what the tests depend on. */
const fetched = join(import.meta.dirname, '..', 'node_modules', '.cache', 'agents');
const fetches = spawnSync('npm', ['ping'], { timeout: 20_000, stdio: 'ignore' }).status === 0;
if (!fetches) console.warn('Claude Code, Qwen Code, OpenCode and Copilot CLI were not tried: npm does not answer.');

const MODEL = 'scripted/tiny';

describe.runIf(fetches)('an agent of npm', { timeout: 400_000 }, () => {
  let folder: TemporaryFolder;
  let model: AgentModel;
  let server: TestServer;
  beforeAll(async () => {
    folder = createTemporaryFolder();
    model = await startAgentModel();
    const models = { [MODEL]: { name: 'tiny', contextLength: 200_000 } };
    server = await startServer({ config: { upstreams: { scripted: { urls: [model.url], models } } } });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await model?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  /** The folder with the program of an agent. */
  async function fetchAgent({ name, package: wanted, program }: TriedAgent): Promise<string> {
    const place = join(fetched, `${name}-${wanted.slice(wanted.lastIndexOf('@') + 1)}`);
    const programs = join(place, 'node_modules', '.bin');
    if (existsSync(join(programs, program))) return programs;
    mkdirSync(place, { recursive: true });
    // Two of them put their program in its place with a script.
    const flags = ['--prefix', place, '--no-audit', '--no-fund', '--no-save'];
    const installing = spawn('npm', ['install', ...flags, wanted], { stdio: ['ignore', 'ignore', 'pipe'] });
    const why = await text(installing.stderr);
    if (!existsSync(join(programs, program))) throw new Error(`npm did not install ${wanted}: ${why}`);
    return programs;
  }

  /** Starts an agent with `latchkey launch`, in a folder and a home of its own. */
  async function launch({ name, args }: TriedAgent, programs: string, work: string): Promise<string> {
    const home = join(folder.path, `${name}-home`);
    mkdirSync(home);
    const kept = ['CONFIG', 'DATA', 'CACHE', 'STATE'].map((kind) => [`XDG_${kind}_HOME`, join(home, kind)]);
    const flags = ['launch', name, '--data', server.data, '--model', MODEL, '--', ...args];
    const child = spawn(process.execPath, [latchkeyPath, ...flags], {
      cwd: work,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${programs}:${process.env.PATH}`, HOME: home, ...Object.fromEntries(kept) },
    });
    const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (output === '') throw new Error(problems);
    return output;
  }

  for (const agent of AGENTS) {
    verifies(
      'launch.tried',
      async () => {
        const work = join(folder.path, `${agent.name}-work`);
        mkdirSync(work);
        model.command = `echo red herring > ${work}/note.txt`;
        const output = await launch(agent, await fetchAgent(agent), work);
        expect(output).toContain('The note is written.');
        expect(readFileSync(join(work, 'note.txt'), 'utf8')).toBe('red herring\n');
        const { tokens } = (await server.admin.get('/api/v1/tokens')).body;
        const [own] = tokens.filter(({ name }: Json) => name === `agent: ${agent.name}`);
        expect(own).toMatchObject({ grant: { models: [MODEL] }, revokedAt: expect.any(String) });
        const requests = server.log.lines.map((line): Json => JSON.parse(line)).filter(({ token }) => token === own.id);
        expect(new Set(requests.map(({ path, status }) => `${path} ${status}`))).toContain(`${agent.path} 200`);
        expect(requests.filter(({ status }) => status === 400)).toEqual([]);
      },
      agent.name,
    );
  }
});
