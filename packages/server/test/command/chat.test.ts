import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addChatCommand } from '../../src/command/chat.ts';

afterEach(() => void vi.restoreAllMocks());

/** Runs `latchkey chat` on a server that answers with these events, and returns what the command prints. */
async function run(events: readonly { type: string }[], isTerminal: boolean, ...args: readonly string[]) {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/event-stream');
    response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += text;
      return true;
    });
  }
  vi.stubEnv('LATCHKEY_API_TOKEN', 'sk-lm-aaaaaaaa:aaaaaaaaaaaaaaaaaaaa');
  const { isTTY } = process.stdout;
  process.stdout.isTTY = isTerminal;
  const program = new Command('latchkey');
  addChatCommand(program);
  try {
    await program.parseAsync(['node', 'latchkey', 'chat', '--url', url, '--model', 'm', 'Hello', ...args]);
  } finally {
    process.stdout.isTTY = isTTY;
    vi.unstubAllEnvs();
    server.close();
  }
  return printed;
}

const said = { type: 'message.delta', content: 'a\u001b]0;title\u0007\tb\n\u009b2J 👩‍💻 \u200fשלום' };

describe('latchkey chat', () => {
  it('lets no model steer the terminal', async () => {
    const { stdout } = await run([said], true);
    expect(stdout).toBe('a\\u{001B}]0;title\\u{0007}\tb\n\\u{009B}2J 👩‍💻 \\u{200F}שלום\n');
  });

  it('gives a file and a pipe what the model has said', async () => {
    expect((await run([said], false)).stdout).toBe(`${said.content}\n`);
  });

  it('lets no tool steer the terminal either', async () => {
    const failed = { type: 'tool_call.failure', reason: 'no\u001b[2J' };
    const called = { type: 'tool_call.arguments', tool: 'read\u202e', arguments: {} };
    const { stderr } = await run([called, failed], true);
    expect(stderr).toBe('→ read\\u{202E} {}\n✗ no\\u{001B}[2J\n');
  });

  it.each(['warm', '', 'NaN', 'Infinity'])('refuses the temperature %j in plain words', async (text) => {
    await expect(run([], false, '--temperature', text)).rejects.toThrow(`--temperature: '${text}' is not a number.`);
  });
});
