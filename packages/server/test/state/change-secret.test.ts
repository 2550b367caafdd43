import { readFileSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuditLog } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { DEFAULT_INSTALLATION_SETTINGS, toAuthSettings } from '../../src/settings/installation-settings.ts';
import { countSecretUses, dropFormerSecrets, rotateSecret } from '../../src/state/change-secret.ts';
import { openDataFolder } from '../../src/state/data-folder.ts';
import { type Database, openDatabase } from '../../src/state/database.ts';
import { openTokens } from '../../src/state/open-tokens.ts';
import { nameInstallation, requireSameSecret } from '../../src/state/same-secret.ts';
import type { Secrets } from '../../src/state/secrets.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const LEGACY = { name: 'legacy', kind: 'legacy', grant: { actions: ['chat'] } } as const;

/** Starts on the folder as a server does, and stops again. */
async function start<T>(data: string, use: (started: Started) => Promise<T>): Promise<T> {
  await using owner = new AsyncDisposableStack();
  const { secrets, database: file } = openDataFolder(data, {});
  const database = await openDatabase(file, owner);
  await requireSameSecret(database.secret, secrets);
  const installation = await nameInstallation(database.secret, secrets);
  const log = createAuditLog({ store: database.audit, key: secrets });
  const { auth, access } = openTokens({
    store: { ...database.tokens, close: async () => undefined },
    signingKeys: database.signingKeys,
    secrets,
    issuer: installation,
    settings: () => toAuthSettings(DEFAULT_INSTALLATION_SETTINGS),
    audit: log.record,
  });
  try {
    return await use({ auth, access, log, database, secrets, installation });
  } finally {
    await auth.close();
  }
}

interface Started extends Pick<ReturnType<typeof openTokens>, 'auth' | 'access'> {
  readonly log: ReturnType<typeof createAuditLog>;
  readonly database: Database;
  readonly secrets: Secrets;
  readonly installation: string;
}

async function newInstallation() {
  const data = join(temporaryFolder(), 'data');
  return start(data, async ({ auth, access, installation }) => {
    const { token } = await auth.issue({ name: 'ci', grant: { actions: ['chat'] } }, auth.operator());
    const legacy = await auth.issue(LEGACY, auth.operator());
    const { keys } = await access.jwks();
    return { data, token, legacy: legacy.token, installation, kid: keys[0]?.kid };
  });
}

const rotate = (data: string) => start(data, (started) => rotateSecret({ ...started, folder: data }));
const drop = (data: string, force = false) =>
  start(data, (started) => dropFormerSecrets({ ...started, folder: data }, force));
const uses = (data: string) => start(data, ({ database, secrets }) => countSecretUses(database, secrets));

describe('the secret of an installation', () => {
  it('is changed: all tokens work, and move at their next use; then the former one is dropped', async () => {
    const { data, token, legacy, installation, kid } = await newInstallation();
    expect((await rotate(data)).map(({ tokens }) => tokens)).toEqual([0, 2]);
    expect(readFileSync(join(data, 'secret.key'), 'utf8')).toMatch(/^\S{44}\nformer \S{44}\n$/);
    await start(data, async ({ auth }) => {
      for (const text of [token, legacy]) await auth.verify(text);
    });
    expect((await uses(data)).map(({ tokens }) => tokens)).toEqual([2, 0]);
    await drop(data);
    expect(readFileSync(join(data, 'secret.key'), 'utf8')).toMatch(/^\S{44}\n$/);
    await start(data, async ({ auth, access, log, installation: now }) => {
      for (const text of [token, legacy]) await auth.verify(text);
      expect(now).toBe(installation);
      expect((await access.jwks()).keys.map((key) => key.kid)).toEqual([kid]);
      expect(await log.verify()).toMatchObject({ intact: true });
      const types = (await log.list()).map(({ type }) => type);
      expect(types.slice(-3)).toEqual(['secret.rotated', 'audit.anchored', 'secret.dropped']);
    });
  });

  it('is dropped only when no token needs it, or by force', async () => {
    const { data, token } = await newInstallation();
    await rotate(data);
    await expect(drop(data)).rejects.toMatchObject({ code: 'AUTH_CONFLICT' });
    await start(data, ({ auth }) => auth.verify(token));
    expect((await drop(data, true)).uses.map(({ tokens }) => tokens)).toEqual([1]);
    await start(data, async ({ auth }) => {
      await auth.verify(token);
    });
  });

  it('is changed at most three times before a former one is dropped', async () => {
    const { data } = await newInstallation();
    for (let round = 0; round < 3; round++) await rotate(data);
    await expect(rotate(data)).rejects.toMatchObject({ code: 'invalid_configuration' });
    await drop(data, true);
    await rotate(data);
  });

  it('is left alone where its file is a link: it comes from elsewhere', async () => {
    const { data, token } = await newInstallation();
    const [path, elsewhere] = [join(data, 'secret.key'), join(data, 'from-elsewhere')];
    renameSync(path, elsewhere);
    symlinkSync(elsewhere, path);
    const before = readFileSync(path, 'utf8');
    await expect(rotate(data)).rejects.toMatchObject({ code: 'unusable_path' });
    expect(readlinkSync(path)).toBe(elsewhere);
    expect(readFileSync(path, 'utf8')).toBe(before);
    writeFileSync(elsewhere, `${Buffer.alloc(32, 7).toString('base64')}\nformer ${before}`, { mode: 0o600 });
    await start(data, ({ auth }) => auth.verify(token));
    expect((await drop(data, true)).fileStays).toBe(true);
    expect(readlinkSync(path)).toBe(elsewhere);
    await start(data, ({ auth }) => auth.verify(token));
  });

  it('is whole when the change is interrupted after each step: the next start goes on', async () => {
    const steps = ['the file is written', 'the secret is recorded', 'the keys are recorded', 'the entry is written'];
    for (const [index, step] of steps.entries()) {
      const { data, token } = await newInstallation();
      await start(data, async (started) => {
        let left = index;
        const interrupt = <Result>(result: Result): Result => {
          if (left-- <= 0) throw new Error('killed');
          return result;
        };
        const { secret, tokens, audit } = started.database;
        // The first update of the secret's row is that of the present secret, before anything is changed.
        let updates = 0;
        const database: Database = {
          ...started.database,
          secret: new Proxy(secret, {
            get: (target, name) => {
              if (name === 'insertInto' && updates++ > 0) interrupt(undefined);
              const value = Reflect.get(target, name);
              return typeof value === 'function' ? value.bind(target) : value;
            },
          }),
          tokens: {
            ...tokens,
            replaceKeys: async (keys, version) => interrupt(await tokens.replaceKeys?.(keys, version)) ?? false,
          },
          audit: { ...audit, append: async (chain, act) => interrupt(await audit.append(chain, act)) },
        };
        await rotateSecret({ folder: data, database, secrets: started.secrets }).catch((error: Error) => {
          expect(error.cause ?? error, step).toBeInstanceOf(Error);
        });
      });
      expect(readFileSync(join(data, 'secret.key'), 'utf8'), step).toContain('former ');
      await start(data, async ({ auth, log }) => {
        await auth.verify(token);
        await log.record({ type: 'test', actor: {} });
        expect(await log.verify(), step).toMatchObject({ intact: true });
      });
      expect(
        (await uses(data)).map(({ tokens }) => tokens),
        step,
      ).toEqual([1, 1]);
    }
  });
});

describe('a server', () => {
  it('does not start with the former secret alone, nor with a new one alone', async () => {
    const { data } = await newInstallation();
    await rotate(data);
    await using owner = new AsyncDisposableStack();
    const { secrets, database: file } = openDataFolder(data, {});
    const { secret } = await openDatabase(file, owner);
    const [current, former] = secrets;
    await expect(requireSameSecret(secret, [former ?? current])).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(requireSameSecret(secret, [new Uint8Array(32)])).rejects.toThrow('LATCHKEY_SECRET_FORMER');
    await requireSameSecret(secret, [former ?? current, current]);
  });
});
