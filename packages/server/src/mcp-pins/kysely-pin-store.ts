import type { PinStore, ToolPin } from '@latchkey/mcp-bridge';
import type { Kysely } from 'kysely';
import type { PinTable, PinTables } from './schema.ts';

/** The row that marks that a list of the server was approved. */
const MARK = '';

/** Creates a store of approved definitions in SQL. */
export function createKyselyPinStore(db: Kysely<PinTables>): PinStore {
  return {
    fingerprints: async (server) => {
      const rows = await db
        .selectFrom('mcp_pin')
        .select(['tool', 'fingerprint'])
        .where('server', '=', server)
        .execute();
      if (rows.length === 0) return undefined;
      return new Map(rows.filter(({ tool }) => tool !== MARK).map(({ tool, fingerprint }) => [tool, fingerprint]));
    },

    definitions: async (server) => {
      const rows = await db
        .selectFrom('mcp_pin')
        .select(['tool', 'definition'])
        .where('server', '=', server)
        .where('tool', '!=', MARK)
        .execute();
      return new Map(rows.map(({ tool, definition }) => [tool, definition]));
    },

    begin: (server, pins) =>
      db.transaction().execute(async (transaction) => {
        // When several servers list at once, only one of them writes its list.
        if (await mark(transaction, server)) await insert(transaction, server, pins);
      }),

    approve: (server, pins) =>
      db.transaction().execute(async (transaction) => {
        await mark(transaction, server);
        await insert(transaction, server, pins);
      }),
  };
}

/** Returns false when the server was already marked. */
async function mark(db: Kysely<PinTables>, server: string): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('mcp_pin')
    .values({ server, tool: MARK, fingerprint: '', definition: '' })
    .onConflict((conflict) => conflict.columns(['server', 'tool']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

async function insert(db: Kysely<PinTables>, server: string, pins: readonly ToolPin[]): Promise<void> {
  for (const { tool, fingerprint, definition } of pins) {
    const row: PinTable = { server, tool, fingerprint, definition };
    await db
      .insertInto('mcp_pin')
      .values(row)
      .onConflict((conflict) => conflict.columns(['server', 'tool']).doUpdateSet({ fingerprint, definition }))
      .execute();
  }
}
