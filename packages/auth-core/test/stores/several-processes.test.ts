import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuditLog } from '../../src/index.ts';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselyTokenStore,
  tokenMigrations,
} from '../../src/stores/kysely/index.ts';
import { crashContract } from '../../src/testing/index.ts';
import { type SqlSetup, sourceOf, sqlPlaces } from '../contract/places.ts';
import { startProgram } from './program.ts';

const IMPORTS = `
  const { createKyselyAuditStore, createKyselyLimitStore, createKyselyTokenStore, migrate, tokenMigrations } =
    await import(${sourceOf('stores/kysely/index.ts')});
`;

/** Runs the same in several processes, which begin at once, and returns what each of them prints. */
async function inProcesses(count: number, program: string, source: string): Promise<unknown[]> {
  const programs = Array.from({ length: count }, () =>
    startProgram(`
      ${IMPORTS}
      ${program}
      console.log('ready');
      await new Promise((resolve) => process.stdin.once('data', resolve));
      const print = (value) => console.log(JSON.stringify(value));
      ${source}
      await database.destroy();
      process.exit();
    `),
  );
  for (const { nextLine } of programs) expect(await nextLine()).toBe('ready');
  for (const { go } of programs) go();
  return Promise.all(programs.map(async ({ nextLine }) => JSON.parse(await nextLine())));
}

describe.each(await sqlPlaces())('several processes on $name', ({ setUp }) => {
  let place: SqlSetup<Kysely<unknown>>;
  beforeEach(async () => {
    place = await setUp((database) => database);
  });
  afterEach(() => place.dispose());

  it('migrate at once, and each migration runs once', async () => {
    const migrated = await inProcesses(
      4,
      place.program,
      `await migrate(database, tokenMigrations, 'token_migrations'); print('migrated');`,
    );
    expect(migrated).toEqual(Array(4).fill('migrated'));
    const { rows } = await sql`select name from token_migrations order by name`.execute(await place.open());
    expect(rows).toEqual(Object.keys(tokenMigrations).map((name) => ({ name })));
  });

  it('let one of 200 requests have a budget of one', async () => {
    await place.open();
    const taken = await inProcesses(
      4,
      place.program,
      `
      const store = createKyselyLimitStore(database);
      const claim = { kind: 'window', key: 'requests', windowEnd: 60_000, amount: 1, limit: 1 };
      const answers = await Promise.all(Array.from({ length: 50 }, () => store.take([claim], 30_000)));
      print(answers.filter(({ taken }) => taken).length);
      `,
    );
    expect(taken.toSorted()).toEqual([0, 0, 0, 1]);
    const store = createKyselyLimitStore(await place.open());
    expect(await store.read([{ kind: 'window', key: 'requests', windowEnd: 60_000 }], 30_000)).toEqual([1]);
  });

  it('let one of many changes to a version of a token win', async () => {
    const store = createKyselyTokenStore(await place.open());
    const record = {
      id: 'AAAAAAAA',
      kind: 'api-key',
      name: 'before',
      digest: 'd1',
      grant: { actions: [] },
      owner: 'ada',
      createdAt: '2027-01-01T00:00:00.000Z',
      createdBy: 'local:operator',
      version: 1,
    } as const;
    await store.insert(record);
    const won = await inProcesses(
      2,
      place.program,
      `
      const store = createKyselyTokenStore(database);
      const record = { ...${JSON.stringify(record)}, name: String(process.pid), version: 2 };
      const answers = await Promise.all(Array.from({ length: 25 }, () => store.update(record, 1)));
      print(answers.some(Boolean) ? String(process.pid) : '');
      `,
    );
    const winners = won.filter((name) => name !== '');
    expect(winners).toHaveLength(1);
    expect(await store.find(record.id)).toEqual({ ...record, name: winners[0], version: 2 });
  });

  it('write one audit log, in one chain, and trim it meanwhile', async () => {
    const log = createAuditLog({ store: createKyselyAuditStore(await place.open()), key: new Uint8Array(32).fill(7) });
    const removed = await inProcesses(
      3,
      place.program,
      `
      const { createAuditLog } = await import(${sourceOf('index.ts')});
      const store = createKyselyAuditStore(database);
      const log = createAuditLog({ store, key: new Uint8Array(32).fill(7) });
      const actor = { name: String(process.pid) };
      let removed = 0;
      for (let round = 0; round < 10; round++) {
        await Promise.all(Array.from({ length: 5 }, () => log.record({ type: 'token.issued', actor })));
        if (round % 3 === 2) removed += await log.trim({ keep: 20, actor });
      }
      await log.close();
      print(removed);
      `,
    );
    const gone = removed.reduce((sum: number, count) => sum + Number(count), 0);
    const last = (await log.list({ limit: 1000 })).at(-1)?.seq ?? 0;
    expect(last).toBeGreaterThan(150);
    expect(await log.verify()).toMatchObject({ intact: true, entries: last - gone, trimmed: { seq: gone } });
  });

  it.each([
    ['the entries and the head', 'audit_head', 'record({ type: "token.issued", actor: {} })', 3],
    ['the new start and the removal', 'DeleteQueryNode', 'trim({ keep: 1 })', 3],
  ])('that are killed between %s leave the log as it was, and it goes on', async (_, moment, act, entries) => {
    const store = createKyselyAuditStore(await place.open());
    const key = new Uint8Array(32).fill(7);
    const log = createAuditLog({ store, key });
    for (let count = 0; count < entries; count++) await log.record({ type: 'token.issued', actor: {} });
    const before = await log.verify();
    const writer = startProgram(`
      ${IMPORTS}
      ${place.program}
      const { createAuditLog } = await import(${sourceOf('index.ts')});
      // Stores use no plugin of the database, so the query is seen where kysely runs it.
      const { DefaultQueryExecutor } = await import(${JSON.stringify(import.meta.resolve('kysely'))});
      const { executeQuery } = DefaultQueryExecutor.prototype;
      DefaultQueryExecutor.prototype.executeQuery = function (compiled, ...rest) {
        const { kind, table } = compiled.query;
        const isNext = kind === ${JSON.stringify(moment)} ||
          (kind === 'UpdateQueryNode' && JSON.stringify(table).includes(${JSON.stringify(moment)}));
        if (isNext) process.kill(process.pid, 'SIGKILL');
        return executeQuery.call(this, compiled, ...rest);
      };
      const log = createAuditLog({ store: createKyselyAuditStore(database), key: new Uint8Array(32).fill(7) });
      console.log('writes');
      await log.${act};
      console.log('was not killed');
    `);
    expect(await writer.nextLine()).toBe('writes');
    await expect(writer.nextLine()).rejects.toThrow('has ended');
    expect(await log.verify()).toEqual(before);
    await log.record({ type: 'token.revoked', actor: {} });
    expect(await createAuditLog({ store, key }).verify()).toMatchObject({ intact: true, entries: entries + 1 });
  });
});

describe.each(await sqlPlaces())('$name', ({ setUp }) => {
  const cases = crashContract(async () => {
    const { program, open, dispose } = await setUp((database) => ({
      tokens: createKyselyTokenStore(database),
      limits: createKyselyLimitStore(database),
      audit: createKyselyAuditStore(database),
    }));
    await open();
    return {
      open,
      dispose,
      startWriter: async () =>
        startProgram(`
          ${IMPORTS}
          ${program}
          const stores = {
            tokens: createKyselyTokenStore(database),
            limits: createKyselyLimitStore(database),
            audit: createKyselyAuditStore(database),
          };
          const { writeUntilKilled } = await import(${sourceOf('testing/crash-contract.ts')});
          const { writeSync } = await import('node:fs');
          await writeUntilKilled(stores, (line) => writeSync(1, line + '\\n'));
        `),
    };
  });
  // Ten processes start and are killed, each of which a busy machine may need seconds for.
  for (const { name, run } of cases) it(name, run, 240_000);
});
