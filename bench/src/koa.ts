import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { load, REQUESTS } from './load.ts';
import type { Row } from './table.ts';
import { compare, measureInTurns } from './turns.ts';

const ROUTES = { short: '20 ids, 1 kB', typical: '20 models, 8 kB', long: '500 ids, 20 kB' } as const;

/**
 * Requests per second of a Koa route with token, action and limits against the bare route; and the same for the least
 * work of guards that hash a secret and report a limit, which is the upper bound for any implementation.
 */
export async function measureKoa(): Promise<readonly Row[]> {
  await using bare = await startKoa('bare');
  await using least = await startKoa('least');
  await using locked = await startKoa('locked');
  const headers = { authorization: `Bearer ${locked.token}` };
  const rows: Row[] = [];
  for (const [route, size] of Object.entries(ROUTES)) {
    const rates = await measureInTurns({
      bare: () => load(`${bare.url}/${route}`, headers),
      least: () => load(`${least.url}/${route}`, headers),
      locked: () => load(`${locked.url}/${route}`, headers),
    });
    const against = 'bare Koa, same answer';
    rows.push(
      { what: `requests/s, Koa: token + action + limit, ${size}`, ...compare(rates.locked, rates.bare), against },
      { what: `requests/s, Koa: a hash + two headers, ${size}`, ...compare(rates.least, rates.bare), against },
    );
  }
  const times = await measureInTurns({
    generator: () => measureProcessor(ownTime, () => load(`${bare.url}/short`, headers)),
    bare: () => measureProcessor(bare.processorTime, () => load(`${bare.url}/short`, headers)),
    least: () => measureProcessor(least.processorTime, () => load(`${least.url}/short`, headers)),
    locked: () => measureProcessor(locked.processorTime, () => load(`${locked.url}/short`, headers)),
  });
  rows.push(
    {
      what: `processor µs a request, token + action + limit, ${ROUTES.short}`,
      ...compare(times.locked, times.bare),
      against: 'bare Koa, same answer',
    },
    {
      what: `processor µs a request, a hash + two headers, ${ROUTES.short}`,
      ...compare(times.least, times.bare),
      against: 'bare Koa, same answer',
    },
    {
      what: 'processor µs a request, the load generator',
      ...compare(times.generator, times.bare),
      against: 'bare Koa: above 1 it would be the bottleneck',
    },
  );
  return rows;
}

/** How many microseconds of processor time a process has used so far. */
type ProcessorTime = () => Promise<number>;

const ownTime: ProcessorTime = async () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** How many microseconds of processor time a process uses for each request of a load, independent of other load. */
async function measureProcessor(time: ProcessorTime, run: () => Promise<unknown>): Promise<number> {
  const before = await time();
  await run();
  return ((await time()) - before) / REQUESTS;
}

interface KoaServer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly processorTime: ProcessorTime;
}

const own = join(import.meta.dirname, 'koa-server.ts');

/** A Koa server in a process of its own; `script` is the path of its program. */
export async function startKoa(mode: 'bare' | 'least' | 'locked', script = own): Promise<KoaServer> {
  const child = fork(script, [mode]);
  const [message] = (await once(child, 'message')) as [{ url: string; token: string }];
  return {
    ...message,
    async processorTime() {
      const answered = once(child, 'message');
      child.send('time');
      const [microseconds] = (await answered) as [number];
      return microseconds;
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
