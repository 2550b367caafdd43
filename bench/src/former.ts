/*
 * This version against another one, by turns in one run: `FORMER=/path/of/a/built/checkout node bench/src/former.ts`.
 * Verifies cached API keys, asks a Koa server with token, action and limits, asks the server for its models, and lets
 * the endless model generate.
 */
import { join } from 'node:path';
import { writeEndlessModel } from './endless-model.ts';
import { compareVerification } from './former-verification.ts';
import { streamOver } from './generation.ts';
import { startKoa } from './koa.ts';
import { load } from './load.ts';
import { startServer } from './start-server.ts';
import { formatTable, type Row } from './table.ts';
import { compare, measureInTurns } from './turns.ts';

const { FORMER: former } = process.env;
if (former === undefined) {
  console.error('FORMER is to be the path of another checkout, which is built.');
  process.exit(1);
}
const against = 'the former version';

const rows: Row[] = [await compareVerification(former), await compareKoa(former), ...(await compareServers(former))];
process.stdout.write(`${formatTable(rows)}\n`);

async function compareKoa(checkout: string): Promise<Row> {
  await using present = await startKoa('locked');
  await using past = await startKoa('locked', join(checkout, 'bench', 'src', 'koa-server.ts'));
  const rates = await measureInTurns({
    present: () => load(`${present.url}/short`, { authorization: `Bearer ${present.token}` }),
    past: () => load(`${past.url}/short`, { authorization: `Bearer ${past.token}` }),
  });
  return { what: 'requests/s, Koa: token + action + limit', ...compare(rates.present, rates.past), against };
}

async function compareServers(checkout: string): Promise<readonly Row[]> {
  const model = writeEndlessModel();
  const command = join(checkout, 'packages', 'server', 'bin', 'latchkey.js');
  await using present = await startServer(model.folder);
  await using past = await startServer(model.folder, [], command);
  const rows: Row[] = [];
  for (const path of ['/v1/models', '/api/v1/models']) {
    const rates = await measureInTurns({
      present: () => load(`${present.url}${path}`, { authorization: `Bearer ${present.token}` }),
      past: () => load(`${past.url}${path}`, { authorization: `Bearer ${past.token}` }),
    });
    rows.push({ what: `requests/s, GET ${path}`, ...compare(rates.present, rates.past), against });
  }
  for (const streams of [1, 4]) {
    const generate = (server: typeof present) => async (): Promise<number> =>
      (await streamOver(server, model.key, { streams, tokens: 200 })).tokensPerSecond;
    const rates = await measureInTurns({ present: generate(present), past: generate(past) }, 15);
    rows.push({
      what: `tokens/s, ${streams} stream${streams > 1 ? 's' : ''} of 200`,
      ...compare(rates.present, rates.past),
      against,
    });
  }
  return rows;
}
