import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { load } from './load.ts';
import { median, type Row } from './table.ts';

const REPEATS = 5;

/** Requests per second of a Koa route with token, action and limits against the bare route. */
export async function measureKoa(): Promise<readonly Row[]> {
  await using bare = await start('bare');
  await using locked = await start('locked');
  const headers = { authorization: `Bearer ${locked.token}` };
  const rows: Row[] = [];
  for (const [path, size] of [
    ['', '1 kB'],
    ['long', '20 kB'],
  ] as const) {
    await load(bare.url + path, headers);
    await load(locked.url + path, headers);
    const ours: number[] = [];
    const baseline: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      baseline.push(await load(bare.url + path, headers));
      ours.push(await load(locked.url + path, headers));
    }
    rows.push({
      what: `requests/s, Koa: token + action + limit, ${size}`,
      ours: median(ours),
      baseline: median(baseline),
      against: 'bare Koa, same answer',
    });
  }
  return rows;
}

interface KoaServer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
}

async function start(mode: 'bare' | 'locked'): Promise<KoaServer> {
  const child = fork(join(import.meta.dirname, 'koa-server.ts'), [mode]);
  const [message] = (await once(child, 'message')) as [{ url: string; token: string }];
  return {
    ...message,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
