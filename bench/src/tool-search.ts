import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from './start-server.ts';
import type { Row } from './table.ts';

const MODELS = join(import.meta.dirname, '..', '..', 'models');
/** All definitions together are longer than the model's context, so they are counted in parts. */
const PART = 10;

interface Counter {
  readonly tools: readonly string[];
  count(integrations: readonly object[], more?: object): Promise<number>;
}

/**
 * The tokens of a prompt with the 120 tools of `office-server.ts`, by the tokenizer and the template of the nano model:
 * all definitions against the search in their place, before anything was found and with five tools that were.
 */
export async function measureToolSearch(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-tools-'));
  const file = join(folder, 'mcp.json');
  const office = { command: process.execPath, args: [join(import.meta.dirname, 'office-server.ts')], sandbox: 'off' };
  writeFileSync(file, JSON.stringify({ mcpServers: { office } }));
  try {
    await using server = await startServer(MODELS, ['--mcp', file]);
    const { tools, count } = await openCounter(server.url, server.token);
    const bare = await count([]);
    const of = async (names: readonly string[]) => (await count([plugin(names)])) - bare;
    let all = bare;
    for (let start = 0; start < tools.length; start += PART) all += await of(tools.slice(start, start + PART));
    const searching = await count([plugin()], { tool_search: true });
    const found = searching + (await of(tools.slice(0, 5)));
    const against = `all ${tools.length} definitions`;
    return [
      { what: 'tokens of a prompt with the search', ours: searching, baseline: all, against },
      { what: 'tokens of a prompt with the search and five found tools', ours: found, baseline: all, against },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const plugin = (names?: readonly string[]): object => ({
  type: 'plugin',
  id: 'mcp/office',
  ...(names === undefined ? {} : { allowed_tools: names }),
});

async function openCounter(url: string, token: string): Promise<Counter> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const rpc = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const { result } = await post<{ result: { tools: { name: string }[] } }>('/mcp', rpc);
  const messages = [{ role: 'user', content: 'Assign the newest issue to Mei.' }];
  return {
    tools: result.tools.map(({ name }) => name),
    async count(integrations, more = {}) {
      const body = { model: 'latchkey/nano', messages, integrations, ...more };
      return (await post<{ input_tokens: number }>('/v1/messages/count_tokens', body)).input_tokens;
    },
  };
}
