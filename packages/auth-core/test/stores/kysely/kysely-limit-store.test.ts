import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anonymousPrincipal, createMeter, type GrantLimits, type LimitStore } from '../../../src/index.ts';
import {
  createKyselyLimitStore,
  type LimitSchema,
  migrate,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { fixedClock } from '../../../src/testing/index.ts';
import { llm } from '../../words.ts';

/** Every process is told the same time, so that no window ends while a test runs. */
const START = '2027-01-15T12:00:00.000Z';

let folder: string;
let file: string;
let open: Kysely<LimitSchema>[];
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-limits-'));
  file = join(folder, 'state.db');
  open = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const database of open) await database.destroy();
  await rm(folder, { recursive: true });
});

async function openLimits(): Promise<{ readonly store: LimitStore; readonly database: Kysely<LimitSchema> }> {
  const database = openSqlite<LimitSchema>(file);
  open.push(database);
  await migrate(database, tokenMigrations, 'token_migrations');
  return { store: createKyselyLimitStore(database), database };
}

const guestWith = (limits: GrantLimits) => anonymousPrincipal(llm, { actions: ['chat'], limits }, 'guest');

/** A process with a meter on the file and a caller with these limits; the script sees both. */
function startProcess(limits: GrantLimits, script: string) {
  const source = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `
      const { anonymousPrincipal, createMeter } = await import(${source('index.ts')});
      const { llm } = await import(${source('llm/index.ts')});
      const { createKyselyLimitStore } = await import(${source('stores/kysely/index.ts')});
      const { openSqlite } = await import(${source('stores/sqlite/index.ts')});
      const meter = createMeter({ vocabulary: llm,
        store: createKyselyLimitStore(openSqlite(${JSON.stringify(file)})),
        clock: () => new Date('${START}'),
      });
      const guest = anonymousPrincipal(llm, { actions: ['chat'], limits: ${JSON.stringify(limits)} }, 'guest');
      console.log('ready');
      process.stdin.resume();
      await new Promise((resolve) => process.stdin.once('data', resolve));
      ${script}
      process.exit();
      `,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, nextLine: async () => (await lines.next()).value };
}

describe('limits in a file', () => {
  it('are kept by two processes together, to the last token', async () => {
    const { store } = await openLimits();
    const limits = { tokensPerMonth: 1000 };
    const script = `
      const admission = await meter.admit(guest);
      let total = 0;
      for (;;) {
        const reservation = await admission.reserve('tokens', 9, 1).catch((error) => error);
        if (reservation.code === 'AUTH_LIMIT_EXCEEDED') break;
        const used = Math.min(4, reservation.granted);
        await reservation.settle(used);
        total += used;
      }
      console.log(total);
    `;
    const workers = [startProcess(limits, script), startProcess(limits, script)];
    for (const { nextLine } of workers) expect(await nextLine()).toBe('ready');
    for (const { child } of workers) child.stdin?.write('go\n');
    const totals = await Promise.all(workers.map(async ({ nextLine }) => Number(await nextLine())));
    expect(totals.reduce((sum, total) => sum + total, 0)).toBe(1000);
    const [state] = await createMeter({ vocabulary: llm, store, clock: fixedClock(START) }).usage(guestWith(limits));
    expect(state).toMatchObject({ name: 'tokensPerMonth', remaining: 0 });
  });

  it('let one request run at once, whichever of two processes it comes to', async () => {
    await openLimits();
    const limits = { concurrentRequests: 1 };
    const script = `
      const answers = await Promise.allSettled(Array.from({ length: 50 }, () => meter.admit(guest)));
      console.log(answers.filter(({ status }) => status === 'fulfilled').length);
      await new Promise((resolve) => process.stdin.once('data', resolve));
    `;
    const workers = [startProcess(limits, script), startProcess(limits, script)];
    for (const { nextLine } of workers) expect(await nextLine()).toBe('ready');
    for (const { child } of workers) child.stdin?.write('go\n');
    const admitted = await Promise.all(workers.map(async ({ nextLine }) => Number(await nextLine())));
    expect(admitted.toSorted()).toEqual([0, 1]);
  });

  it('forget within half a minute what a process held that was killed', async () => {
    const { store } = await openLimits();
    const limits = { concurrentRequests: 1 };
    const worker = startProcess(
      limits,
      `await meter.admit(guest); console.log('running'); setInterval(() => {}, 1000);
      await new Promise(() => {});`,
    );
    expect(await worker.nextLine()).toBe('ready');
    worker.child.stdin?.write('go\n');
    expect(await worker.nextLine()).toBe('running');
    const exited = once(worker.child, 'exit');
    worker.child.kill('SIGKILL');
    await exited;
    const clock = fixedClock(START);
    const meter = createMeter({ vocabulary: llm, store, clock });
    const refused = expect.objectContaining({ code: 'AUTH_LIMIT_EXCEEDED', limit: 'concurrentRequests' });
    await expect(meter.admit(guestWith(limits))).rejects.toThrow(refused);
    clock.advance(30_000);
    await (await meter.admit(guestWith(limits))).release();
  });

  it('outlive the server', async () => {
    const limits = { requestsPerMinute: 2, tokensPerDay: 100 };
    const clock = fixedClock();
    const first = createMeter({ vocabulary: llm, store: (await openLimits()).store, clock });
    await (await (await first.admit(guestWith(limits))).reserve('tokens', 30, 1)).settle(20);
    await first.close();
    await open.pop()?.destroy();
    const second = createMeter({ vocabulary: llm, store: (await openLimits()).store, clock });
    const states = await second.usage(guestWith(limits));
    expect(states.map(({ remaining }) => remaining)).toEqual([1, 80]);
  });

  it('leave no row behind that nothing needs', async () => {
    const { store, database } = await openLimits();
    const clock = fixedClock();
    const meter = createMeter({ vocabulary: llm, store, clock });
    const guest = guestWith({ requestsPerMinute: 60, concurrentRequests: 9 });
    for (let minute = 0; minute < 200; minute++) {
      await (await meter.admit(guest)).release();
      clock.advance(60_000);
    }
    // A process that has ended without releasing its lease.
    await createMeter({ vocabulary: llm, store, clock }).admit(guest);
    clock.advance(30_000);
    await meter.admit(guest);
    expect((await database.selectFrom('limit_windows').selectAll().execute()).length).toBeLessThan(70);
    expect((await database.selectFrom('limit_leases').selectAll().execute()).length).toBe(1);
  });

  it('write nothing for a request that is refused', async () => {
    const { store, database } = await openLimits();
    const meter = createMeter({ vocabulary: llm, store, clock: fixedClock() });
    const refused = meter.admit(guestWith({ requestsPerMinute: 0, concurrentRequests: 1 }));
    await expect(refused).rejects.toMatchObject({ code: 'AUTH_LIMIT_EXCEEDED' });
    expect(await database.selectFrom('limit_windows').selectAll().execute()).toEqual([]);
    expect(await database.selectFrom('limit_leases').selectAll().execute()).toEqual([]);
  });
});
