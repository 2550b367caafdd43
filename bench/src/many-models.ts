// `node bench/src/many-models.ts`: the cost of a folder of 10,000 models. Exits with 1 above a bound.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchServer, startServer } from './start-server.ts';
import { median } from './table.ts';

const MODELS = 10_000;
const PUBLISHERS = 20;
const CHATS = 30;
/** Milliseconds. */
const PROMISED = { first: 3000, later: 50, chat: 5 };

const nano = join(import.meta.dirname, '..', '..', 'models', 'latchkey', 'nano.gguf');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-many-'));

function makeFolder(name: string, models: number): string {
  const place = join(folder, name);
  mkdirSync(join(place, 'latchkey'), { recursive: true });
  cpSync(nano, join(place, 'latchkey', 'nano.gguf'));
  for (let at = 0; at < models; at += 1) {
    const publisher = join(place, `publisher-${at % PUBLISHERS}`);
    mkdirSync(publisher, { recursive: true });
    symlinkSync(nano, join(publisher, `model-${at}.gguf`));
  }
  return place;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}

const listOf = async ({ url, token }: BenchServer): Promise<number> => {
  const answer = await fetch(`${url}/v1/models`, { headers: { Authorization: `Bearer ${token}` } });
  return ((await answer.json()) as { data: unknown[] }).data.length;
};

async function chat({ url, token }: BenchServer): Promise<void> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'latchkey/nano', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 }),
  });
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
  await answer.text();
}

async function measureChats(few: BenchServer, many: BenchServer): Promise<number> {
  const differences: number[] = [];
  for (let at = 0; at < CHATS; at += 1) {
    differences.push((await timed(() => chat(many))) - (await timed(() => chat(few))));
  }
  return median(differences);
}

try {
  await using many = await startServer(makeFolder('many', MODELS));
  await using few = await startServer(makeFolder('few', 0));
  let listed = 0;
  const first = await timed(async () => {
    listed = await listOf(many);
  });
  if (listed !== MODELS + 1) throw new Error(`${listed} models were listed`);
  const lists: number[] = [];
  for (let at = 0; at < 20; at += 1) lists.push(await timed(() => listOf(many)));
  const later = median(lists);
  await Promise.all([chat(few), chat(many)]);
  const measured = { first, later, chat: await measureChats(few, many) };
  console.log(
    `GET /v1/models of ${MODELS}: first ${first.toFixed(0)} ms, then ${later.toFixed(1)} ms; a chat more by ${measured.chat.toFixed(2)} ms`,
  );
  if (Object.entries(PROMISED).some(([name, most]) => measured[name as keyof typeof PROMISED] > most))
    process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
