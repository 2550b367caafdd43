import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createAuditLog } from '@latchkey/auth-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { openAudit } from '../../src/command/read-audit.ts';
import { openDatabase } from '../../src/state/database.ts';
import { requireSameSecret } from '../../src/state/same-secret.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { runCommand } from './poison/run-command.ts';

let data: string;
let file: string;
beforeEach(() => {
  data = temporaryFolder();
  file = join(temporaryFolder(), 'audit.jsonl');
});

/** Writes so many entries, a day apart, and returns the last of them. */
async function write(count: number, from = '2027-01-01T12:00:00Z') {
  await using opened = new AsyncDisposableStack();
  const { store, secrets } = await openAudit(data, {}, opened);
  let time = Date.parse(from);
  await using log = createAuditLog({ store, key: secrets, clock: () => new Date(time) });
  const recorded = Array.from({ length: count }, (_, index) => {
    const kept = log.record({ type: 'tool.denied', actor: { name: 'ci' }, subject: `tool ${index}` });
    time += 86_400_000;
    return kept;
  });
  await Promise.all(recorded);
  const head = await store.head();
  return `${head?.seq}:${head?.hash}`;
}

const audit = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  runCommand(['audit', ...args], { isTerminal: false, input: '', environment });
const verify = (...args: readonly string[]) => audit(['verify', '--data', data, ...args]);
const exportAll = (...args: readonly string[]) => audit(['export', '--data', data, '--output', file, ...args]);
const verifyFile = (...args: readonly string[]) => verify('--file', file, ...args);
const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');

function change(sql: string): void {
  const database = new DatabaseSync(join(data, 'latchkey.db'));
  database.exec(sql);
  database.close();
}

describe('latchkey audit verify', () => {
  it('prints how much was verified, from where, and the head', async () => {
    const head = await write(3);
    expect(await verify()).toMatchObject({ exitCode: 0, stdout: `3 entries, chain whole, head ${head}\n` });
    expect(await verify('--from-checkpoint')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(head) });
    expect(JSON.parse((await verify('--json')).stdout)).toEqual({
      intact: true,
      entries: 3,
      head: { seq: 3, hash: head.slice(2) },
    });
    await audit(['trim', '--data', data, '--keep', '2']);
    expect((await verify()).stdout).toMatch(/^2 entries, 2 before them trimmed, chain whole, head 4:[0-9a-f]{64}\n$/);
  });

  it('ends with 10 when the log was changed, and says it as JSON, too', async () => {
    await write(3);
    change(`update audit_entries set subject = 'other' where seq = 2`);
    expect(await verify()).toMatchObject({
      exitCode: 10,
      stdout: '',
      stderr: expect.stringContaining('Entry 2 is not'),
    });
    const { exitCode, stdout, stderr } = await verify('--json');
    expect(exitCode).toBe(10);
    expect(JSON.parse(stdout)).toMatchObject({ intact: false, brokenAt: 2, problem: 'changed' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'audit_changed' } });
  });

  it('ends with 5 when there is no such folder', async () => {
    expect((await audit(['verify', '--data', '/nonexistent/latchkey'])).exitCode).toBe(5);
  });

  it('ends with 7 when a database does not answer', async () => {
    const environment = { LATCHKEY_DATABASE: 'postgres://ada@127.0.0.1:1/none' };
    expect(await audit(['verify', '--data', data], environment)).toMatchObject({
      exitCode: 7,
      stderr: expect.stringContaining('ada@127.0.0.1:1/none cannot be used'),
    });
  });

  it('ends with 8 when it has another key than the database is used with', async () => {
    await write(3);
    await using opened = new AsyncDisposableStack();
    const { secrets } = await openAudit(data, {}, opened);
    await requireSameSecret((await openDatabase(join(data, 'latchkey.db'), opened)).secret, secrets);
    expect((await verify()).exitCode).toBe(0);
    const other = { LATCHKEY_SECRET: 'another secret of thirty-two characters' };
    expect(await audit(['verify', '--data', data], other)).toMatchObject({
      exitCode: 8,
      stderr: expect.stringContaining('another secret'),
    });
    // Whose key it is does not matter where something was changed by others.
    change(`update audit_entries set subject = 'other' where seq = 2`);
    expect((await verify()).exitCode).toBe(10);
  });

  it('ends with 9 when the file of the database is damaged, from the beginning on or in the middle', async () => {
    await write(400);
    change('pragma wal_checkpoint(truncate); pragma journal_mode = delete');
    const database = join(data, 'latchkey.db');
    const kept = join(temporaryFolder(), 'kept.db');
    copyFileSync(database, kept);
    writeFileSync(database, readFileSync(kept).fill(0x55, 0, 100));
    expect(await verify()).toMatchObject({ exitCode: 9, stderr: expect.stringContaining('cannot be used') });
    copyFileSync(kept, database);
    const pages = readFileSync(database);
    // The middle of the table of entries: whatever stands there is no page of it.
    const middle = pages.indexOf('tool 200') & ~4095;
    writeFileSync(database, pages.fill(0xff, middle, middle + 4096));
    expect(await verify()).toMatchObject({ exitCode: 9, stderr: expect.stringContaining('backup') });
  });
});

describe('latchkey audit export', () => {
  it('writes a file that can be verified, with its head', async () => {
    const head = await write(5);
    expect((await exportAll()).stderr).toBe(`Wrote 5 entries to ${file}, head ${head}.\n`);
    expect((await verifyFile()).stdout).toBe(`5 entries, chain whole, head ${head}\n`);
    expect((await verifyFile('--head', head)).exitCode).toBe(0);
  });

  it('goes on in a file after its last entry, also after a line that was cut off', async () => {
    await write(3);
    await exportAll('--resume');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const head = await write(3);
    expect((await exportAll('--resume')).stderr).toBe(`Wrote 3 entries to ${file}, head ${head}.\n`);
    truncateSync(file, statSync(file).size - 20);
    expect((await exportAll('--resume')).stderr).toBe(`Wrote 1 entries to ${file}, head ${head}.\n`);
    expect((await exportAll('--resume')).stderr).toBe(`Wrote 0 entries to ${file}, head ${head}.\n`);
    expect(linesOf(file).map((line) => JSON.parse(line).seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await verifyFile()).exitCode).toBe(0);
  });

  it.each(['', '{"seq":1,"at":"2027-01'])('begins in a file that holds %j', async (text) => {
    await write(2);
    writeFileSync(file, text);
    expect((await exportAll('--resume')).stderr).toContain('Wrote 2 entries');
    expect((await verifyFile()).exitCode).toBe(0);
  });

  it.each(['\n', 'notes\n', '{"seq":1}\nnotes\n', '[]\n', '{}\n'])(
    'leaves a file alone that holds %j',
    async (text) => {
      await write(2);
      writeFileSync(file, text);
      expect(await exportAll('--resume')).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('no export') });
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  it('does not go on in the export of another log', async () => {
    await write(3);
    await exportAll();
    data = temporaryFolder();
    await write(5);
    const before = readFileSync(file, 'utf8');
    expect(await exportAll('--resume')).toMatchObject({ exitCode: 10, stderr: expect.stringContaining('two logs') });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('says which entries were trimmed before it went on', async () => {
    await write(2);
    await exportAll();
    await write(4);
    await audit(['trim', '--data', data, '--keep', '3']);
    expect((await exportAll('--resume')).stderr).toContain('Entries 3 to 4 are not among them');
    expect(await verifyFile()).toMatchObject({ exitCode: 10, stderr: expect.stringContaining('Entry 3 is missing') });
  });
});

describe('latchkey audit verify --file', () => {
  it('takes files that follow one another, and the key of the environment', async () => {
    await write(3);
    await exportAll();
    const head = await write(2);
    const second = join(temporaryFolder(), 'second.jsonl');
    await audit(['export', '--data', data, '--output', second, '--after', '3']);
    expect((await verify('--file', file, second)).stdout).toBe(`5 entries, chain whole, head ${head}\n`);
    expect((await verify('--file', second)).stdout).toBe(`2 entries, from 4, chain whole, head ${head}\n`);
    expect((await verify('--file', second, file)).exitCode).toBe(10);
    const environment = { LATCHKEY_SECRET: 'another secret of thirty-two characters', LATCHKEY_DATA: '/nonexistent' };
    expect((await audit(['verify', '--file', file], environment)).exitCode).toBe(10);
    expect(existsSync('/nonexistent')).toBe(false);
  });

  it.each([
    ['changed', (text: string) => text.replace('tool 1', 'tool 9'), 'Entry 2 is not what was written'],
    ['added to', (text: string) => text.replace('"subject":"tool 1"', '"subject":"tool 1","more":1'), 'Entry 2 is not'],
    ['cut off in a line', (text: string) => text.slice(0, -9), 'Line 3 of '],
    ['cut off', (text: string) => text.slice(0, text.lastIndexOf('{"seq"')), 'Entry 3 and whatever followed'],
    ['filled up', (text: string) => `${text}\n`, 'Line 4 of '],
    ['filled up with what is no entry', (text: string) => `${text}7\n`, 'Line 4 of '],
    ['emptied', () => '', 'Entry 1 and whatever followed'],
  ])('finds one that was %s', async (_, tamper, words) => {
    const head = await write(3);
    await exportAll();
    writeFileSync(file, tamper(readFileSync(file, 'utf8')));
    expect(await verifyFile('--head', head)).toMatchObject({ exitCode: 10, stderr: expect.stringContaining(words) });
  });

  it('says that there is no such file', async () => {
    await write(1);
    expect(await verifyFile()).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('There is no file') });
    expect((await verify('--file', data)).exitCode).toBe(9);
  });
});

describe('latchkey audit trim', () => {
  const trim = (...args: readonly string[]) => audit(['trim', '--data', data, ...args]);

  it.each([
    [['--before', '2027-01-03'], 2],
    [['--before', '2027-01-03T12:00:00+01:00'], 2],
    [['--before', '2027-01-03T13:00:00Z'], 3],
    [['--keep', '3'], 3],
    [['--before', '2027-01-03', '--keep', '3'], 3],
  ])('removes what %j says, and says so in the log', async (args, removed) => {
    await write(5);
    expect((await trim(...args)).stdout).toBe(
      `Removed ${removed} entries; the log begins with entry ${removed + 1} now.\n`,
    );
    const listed = await audit(['list', '--json', '--data', data]);
    const entries = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries[0].seq).toBe(removed + 1);
    expect(entries.at(-1)).toMatchObject({
      type: 'audit.trimmed',
      actor: { id: 'local:operator' },
      details: { count: removed, through: removed },
    });
    expect((await verify()).exitCode).toBe(0);
  });

  it('removes what is older than an age, and nothing when nothing is', async () => {
    await write(5, '2020-01-01T12:00:00Z');
    expect(JSON.parse((await trim('--before', '90d', '--json')).stdout)).toEqual({ removed: 5, trimmed: 5 });
    expect((await trim('--before', '90d')).stdout).toBe('There is nothing to remove; the log begins with entry 6.\n');
  });

  it('removes nothing that was changed, and ends as verify does', async () => {
    await write(5);
    change(`update audit_entries set subject = 'other' where seq = 2`);
    expect(await trim('--keep', '2')).toMatchObject({
      exitCode: 10,
      stderr: expect.stringContaining('entry 2 of the'),
    });
    expect((await audit(['list', '--json', '--data', data])).stdout.trim().split('\n')).toHaveLength(5);
  });

  it('refuses what is no time', async () => {
    expect(await trim('--before', 'yesterday')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('RFC 3339'),
    });
  });
});
