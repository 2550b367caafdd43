import type { PinStore, ToolPin } from '@latchkey/mcp-bridge';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKyselyPinStore } from '../../src/mcp-pins/kysely-pin-store.ts';
import { openDatabase } from '../../src/state/database.ts';
import { openPinTables } from '../scripted/databases.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';

const postgres = await createPostgresDatabase();

async function openOnPostgres(): Promise<PinStore> {
  const owner = new AsyncDisposableStack();
  const { pins } = await openDatabase(postgres.url, owner);
  await sql`delete from mcp_pin`.execute(pins);
  onTestFinished(() => owner.disposeAsync());
  return createKyselyPinStore(pins);
}

const pin = (tool: string, definition = tool): ToolPin => ({ tool, fingerprint: `of ${definition}`, definition });

describe.each([
  { name: 'SQLite', open: async () => createKyselyPinStore(await openPinTables()) },
  { name: postgres.name, open: openOnPostgres },
])('approved definitions stored in $name', ({ open }) => {
  it('are told by server and tool', async () => {
    const store = await open();
    await store.begin('mcp/a', [pin('read'), pin('write')]);
    await store.begin('mcp/b', [pin('read', 'other')]);
    expect(await store.fingerprints('mcp/a')).toEqual(
      new Map([
        ['read', 'of read'],
        ['write', 'of write'],
      ]),
    );
    expect(await store.definitions('mcp/b')).toEqual(new Map([['read', 'other']]));
  });

  it('begin once: a later first list changes nothing', async () => {
    const store = await open();
    await store.begin('mcp/a', [pin('read')]);
    await store.begin('mcp/a', [pin('read', 'changed'), pin('more')]);
    expect(await store.definitions('mcp/a')).toEqual(new Map([['read', 'read']]));
  });

  it('begin once, also when two begin at the same time', async () => {
    const store = await open();
    await Promise.all([store.begin('mcp/a', [pin('one')]), store.begin('mcp/a', [pin('two')])]);
    expect((await store.definitions('mcp/a')).size).toBe(1);
  });

  it('know a server whose first list was empty from one that was never seen', async () => {
    const store = await open();
    expect(await store.fingerprints('mcp/a')).toBeUndefined();
    await store.begin('mcp/a', []);
    expect(await store.fingerprints('mcp/a')).toEqual(new Map());
    expect(await store.definitions('mcp/a')).toEqual(new Map());
  });

  it('are replaced by what is approved, and the others stay', async () => {
    const store = await open();
    await store.begin('mcp/a', [pin('read'), pin('write')]);
    await store.approve('mcp/a', [pin('read', 'changed'), pin('more')]);
    expect(await store.definitions('mcp/a')).toEqual(
      new Map([
        ['read', 'changed'],
        ['write', 'write'],
        ['more', 'more'],
      ]),
    );
  });

  it('begin with what is approved when nothing was before', async () => {
    const store = await open();
    await store.approve('mcp/a', [pin('read')]);
    await store.begin('mcp/a', [pin('read', 'changed'), pin('more')]);
    expect(await store.fingerprints('mcp/a')).toEqual(new Map([['read', 'of read']]));
  });
});
