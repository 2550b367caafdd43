import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LimitExceededError, names } from '../../src/index.ts';
import { createSigningKeys } from '../../src/jwt/index.ts';
import { openAuth } from '../../src/open/index.ts';
import { createKyselySigningKeyStore, over } from '../../src/stores/kysely/index.ts';

const words = { actions: ['invoices:read'], resources: { invoices: names() } } as const;
const grant = { actions: ['invoices:read'], invoices: ['2026-*'], limits: { requestsPerMinute: 1 } } as const;

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'deep', 'auth.db');
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const unsafe = expect.objectContaining({ name: 'OpenAuthError', code: 'unsafe_path' });
const missing = expect.objectContaining({ name: 'OpenAuthError', code: 'missing_secret' });

describe('openAuth', () => {
  it('keeps tokens, limits and the audit log in one file', async () => {
    const file = newFile();
    const first = await openAuth({ file, ...words });
    const { token } = await first.issue({ name: 'ci', grant }, first.operator());
    await first.meter.admit(await first.verify(token));
    await first.close();

    await using again = await openAuth({ file, ...words });
    const caller = await again.verify(token);
    expect(again.decide(caller, { action: 'invoices:read', invoices: '2026-17' }).allowed).toBe(true);
    await expect(again.meter.admit(caller)).rejects.toThrow(LimitExceededError);
    expect((await again.audit.list()).map(({ type }) => type)).toEqual(['token.issued']);
    expect((await again.audit.verify()).intact).toBe(true);
  });

  it('works inside a transaction on its database', async () => {
    await using auth = await openAuth({ file: newFile(), ...words });
    const { token } = await auth.database
      .transaction()
      .execute((transaction) => over(auth, transaction).issue({ name: 'first', grant }, auth.operator()));
    expect((await auth.verify(token)).name).toBe('first');
    expect((await auth.audit.list()).map(({ type }) => type)).toEqual(['token.issued']);
  });

  it('makes the database and the secret for their owner alone', async () => {
    const file = newFile();
    await using _ = await openAuth({ file, ...words });
    expect([modeOf(file), modeOf(`${file}.key`), modeOf(`${file}-wal`), modeOf(join(file, '..'))]).toEqual([
      '600',
      '600',
      '600',
      '700',
    ]);
    expect(readFileSync(`${file}.key`, 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  });

  it('is opened by several at once with one secret', async () => {
    const file = newFile();
    const opened = await Promise.all([1, 2, 3].map(() => openAuth({ file, ...words })));
    const [first, ...others] = opened;
    const { token } = (await first?.issue({ name: 'ci', grant }, first.operator())) ?? {};
    for (const other of others) expect((await other.verify(token)).name).toBe('ci');
    for (const each of opened) await each.close();
  });

  it('makes no new secret for a database that was made with another', async () => {
    const file = newFile();
    await (await openAuth({ file, ...words })).close();
    rmSync(`${file}.key`);
    await expect(openAuth({ file, ...words })).rejects.toThrow(missing);
    expect(existsSync(`${file}.key`)).toBe(false);
  });

  it('takes no secret that is too short', async () => {
    const file = newFile();
    await (await openAuth({ file, ...words })).close();
    writeFileSync(`${file}.key`, `${btoa('short')}\n`);
    await expect(openAuth({ file, ...words })).rejects.toThrow(missing);
  });

  it.runIf(process.getuid !== undefined)('takes no secret that others can read, and says what to do', async () => {
    const file = newFile();
    await (await openAuth({ file, ...words })).close();
    chmodSync(`${file}.key`, 0o644);
    await expect(openAuth({ file, ...words })).rejects.toThrow(unsafe);
    await expect(openAuth({ file, ...words })).rejects.toThrow(/Close it: chmod 600 /);
    chmodSync(`${file}.key`, 0o600);
    await (await openAuth({ file, ...words })).close();
  });

  it.runIf(process.getuid !== undefined)('takes no database that others can write', async () => {
    const file = newFile();
    await (await openAuth({ file, ...words })).close();
    chmodSync(file, 0o666);
    await expect(openAuth({ file, ...words })).rejects.toThrow(unsafe);
    chmodSync(file, 0o644);
    await (await openAuth({ file, ...words })).close();
  });

  it('takes a secret from elsewhere, and makes none then', async () => {
    const file = newFile();
    const digestKey = new Uint8Array(32).fill(7);
    const first = await openAuth({ file, digestKey, ...words });
    const { token } = await first.issue({ name: 'ci', grant }, first.operator());
    await first.close();
    expect(existsSync(`${file}.key`)).toBe(false);
    await using again = await openAuth({ file, digestKey, ...words });
    expect((await again.verify(token)).name).toBe('ci');
  });

  it('has what signing keys need', async () => {
    await using auth = await openAuth({ file: newFile(), ...words });
    const keys = createSigningKeys({ store: createKyselySigningKeyStore(auth.database), sealer: auth.sealer });
    expect((await keys.jwks()).keys).toHaveLength(1);
  });

  it('opens a database in memory without a file', async () => {
    await using auth = await openAuth({ file: ':memory:', ...words });
    const { token } = await auth.issue({ name: 'ci', grant }, auth.operator());
    expect((await auth.verify(token)).name).toBe('ci');
    expect([existsSync(':memory:'), existsSync(':memory:.key')]).toEqual([false, false]);
  });

  it('leaves no database open when it fails', async () => {
    const file = newFile();
    await expect(openAuth({ file, ...words, cacheMilliseconds: -1 })).rejects.toThrow(TypeError);
    await expect(openAuth({ file: '', ...words })).rejects.toThrow(TypeError);
    await expect(openAuth({ file, actions: ['not a name!'] })).rejects.toThrow(TypeError);
    await (await openAuth({ file, ...words })).close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it('knows the words of its server', async () => {
    await using auth = await openAuth({ file: ':memory:', ...words });
    // @ts-expect-error the vocabulary has no such action
    expect(() => auth.decide(auth.operator(), { action: 'invoices:write' })).toThrow(TypeError);
  });
});
