import { join } from 'node:path';
import type { AuditEvent } from '@latchkey/auth-core';
import { fixedClock } from '@latchkey/auth-core/testing';
import { describe, expect, it } from 'vitest';
import { DEFAULT_INSTALLATION_SETTINGS } from '../../src/settings/installation-settings.ts';
import type { SettingsStore } from '../../src/settings/kysely-settings-store.ts';
import type { AuthenticationSwitch } from '../../src/settings/live-settings.ts';
import { createLiveSettings, type LiveSettings } from '../../src/settings/live-settings.ts';
import { openSettings } from '../scripted/databases.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const FREE: AuthenticationSwitch = { forcedOff: false, refusal: undefined };
const operator = { id: 'AAAAAAAA', name: 'ops' };

interface Watched {
  readonly settings: LiveSettings;
  readonly audited: AuditEvent[];
  /** How often the store was read. */
  readonly reads: () => number;
  /** From now on reading fails, or works again. */
  readonly break: (broken: boolean) => void;
}

async function watch(
  store: SettingsStore,
  clock = fixedClock('2026-01-01T00:00:00Z'),
  authentication = FREE,
): Promise<Watched> {
  const audited: AuditEvent[] = [];
  let reads = 0;
  let broken = false;
  const watched: SettingsStore = {
    read: async () => {
      reads += 1;
      if (broken) throw new Error('the disk is gone');
      return store.read();
    },
    write: store.write,
  };
  const audit = async (event: AuditEvent): Promise<void> => void audited.push(event);
  const settings = await createLiveSettings({ store: watched, clock, authentication, audit });
  return {
    settings,
    audited,
    reads: () => reads,
    break: (is) => {
      broken = is;
    },
  };
}

describe('settings that nobody has changed', () => {
  it('are the defaults', async () => {
    const { settings } = await watch(await openSettings());
    expect(await settings.fresh()).toEqual(DEFAULT_INSTALLATION_SETTINGS);
  });
});

describe('a change of settings', () => {
  it('counts at once here, and leaves everything that it does not name', async () => {
    const { settings } = await watch(await openSettings());
    const changed = await settings.change({ tokenKinds: { legacy: false }, accessTokenTtl: 60 }, operator);
    expect(changed).toEqual({
      ...DEFAULT_INSTALLATION_SETTINGS,
      tokenKinds: { ...DEFAULT_INSTALLATION_SETTINGS.tokenKinds, legacy: false },
      accessTokenTtl: 60,
    });
    expect(settings.current()).toEqual(changed);
  });

  it('is kept', async () => {
    const path = join(temporaryFolder(), 'kept.db');
    await (await watch(await openSettings(path))).settings.change({ allowMcpJson: false }, operator);
    expect((await watch(await openSettings(path))).settings.current().allowMcpJson).toBe(false);
  });

  it('counts within half a second on a server that shares the database', async () => {
    const path = join(temporaryFolder(), 'shared.db');
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const here = await watch(await openSettings(path));
    const there = await watch(await openSettings(path), clock);
    await here.settings.change({ tokenKinds: { 'api-key': false } }, operator);
    clock.advance(501);
    expect((await there.settings.fresh()).tokenKinds['api-key']).toBe(false);
    expect(there.settings.current().tokenKinds['api-key']).toBe(false);
  });

  it('of two that happen at once keeps both', async () => {
    const path = join(temporaryFolder(), 'raced.db');
    const stores = [await openSettings(path), await openSettings(path)] as const;
    const [one, other] = [await watch(stores[0]), await watch(stores[1])];
    await Promise.all([
      one.settings.change({ accessTokenTtl: 60 }, operator),
      other.settings.change({ allowMcpJson: false }, operator),
      one.settings.change({ tokenKinds: { custom: false } }, operator),
      other.settings.change({ tokenKinds: { legacy: false } }, operator),
    ]);
    expect((await stores[0].read()).settings).toMatchObject({
      accessTokenTtl: 60,
      allowMcpJson: false,
      tokenKinds: { custom: false, legacy: false, access: true },
    });
  });

  it('is not undone by a look that began before it and ended after', async () => {
    const store = await openSettings();
    const looks: (() => void)[] = [];
    let slow = false;
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const settings = await createLiveSettings({
      clock,
      authentication: FREE,
      store: {
        read: async () => {
          const seen = await store.read();
          if (slow) await new Promise<void>((resolve) => looks.push(resolve));
          return seen;
        },
        write: store.write,
      },
    });
    clock.advance(501);
    slow = true;
    const look = settings.fresh();
    await expect.poll(() => looks.length).toBe(1);
    slow = false;
    await settings.change({ allowMcpJson: false }, operator);
    looks[0]?.();
    expect((await look).allowMcpJson).toBe(false);
    expect(settings.current().allowMcpJson).toBe(false);
  });

  it('is told to the audit log: who, which, from what, to what', async () => {
    const { settings, audited } = await watch(await openSettings());
    await settings.change({ tokenKinds: { legacy: false, custom: true }, accessTokenTtl: 60 }, operator);
    expect(audited).toEqual([
      {
        type: 'settings.changed',
        actor: operator,
        subject: 'installation',
        details: { 'tokenKinds.legacy': { from: true, to: false }, accessTokenTtl: { from: 300, to: 60 } },
      },
    ]);
  });

  it('that changes nothing is told to nobody', async () => {
    const { settings, audited } = await watch(await openSettings());
    await settings.change({ allowMcpJson: true }, operator);
    await settings.change({}, operator);
    expect(audited).toEqual([]);
  });

  it('that the audit log does not take changes nothing', async () => {
    const settings = await createLiveSettings({
      store: await openSettings(),
      clock: () => new Date(),
      authentication: FREE,
      audit: () => Promise.reject(new Error('the log is full')),
    });
    await expect(settings.change({ allowMcpJson: false }, operator)).rejects.toMatchObject({
      code: 'AUTH_AUDIT_UNAVAILABLE',
    });
    expect(await settings.fresh()).toMatchObject({ allowMcpJson: true });
  });

  it('that always comes too late is a conflict in the end', async () => {
    const store = await openSettings();
    const { settings } = await watch({ read: store.read, write: async () => false });
    await expect(settings.change({ allowMcpJson: false }, operator)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('looking at the settings', () => {
  it('reads the store once for many requests, and again when what it knows is half a second old', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const { settings, reads } = await watch(await openSettings(), clock);
    clock.advance(500);
    await Promise.all(Array.from({ length: 100 }, () => settings.fresh()));
    expect(reads()).toBe(1);
    clock.advance(1);
    await Promise.all(Array.from({ length: 100 }, () => settings.fresh()));
    expect(reads()).toBe(2);
  });

  it('takes what it knows for old when the clock is set back', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const { settings, reads } = await watch(await openSettings(), clock);
    clock.advance(-3_600_000);
    await settings.fresh();
    expect(reads()).toBe(2);
  });

  it('without waiting has the store read as well', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const { settings, reads } = await watch(await openSettings(), clock);
    clock.advance(501);
    settings.current();
    expect(reads()).toBe(2);
  });

  it('counts on what it knows while the store fails for less than a second, and on nothing after that', async () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const watched = await watch(await openSettings(), clock);
    watched.break(true);
    clock.advance(1000);
    expect(await watched.settings.fresh()).toEqual(DEFAULT_INSTALLATION_SETTINGS);
    clock.advance(1);
    expect(() => watched.settings.current()).toThrow(expect.objectContaining({ code: 'AUTH_STORE_UNAVAILABLE' }));
    await expect(watched.settings.fresh()).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    watched.break(false);
    expect(await watched.settings.fresh()).toEqual(DEFAULT_INSTALLATION_SETTINGS);
    expect(watched.settings.current()).toEqual(DEFAULT_INSTALLATION_SETTINGS);
  });

  it('fails when the database holds what no server has written', async () => {
    const store = await openSettings();
    await store.write({ ...DEFAULT_INSTALLATION_SETTINGS, accessTokenTtl: 1e9 }, 0, '2026-01-01T00:00:00Z');
    await expect(watch(store)).rejects.toThrow('accessTokenTtl');
  });

  it('passes over what a newer version has added, and has defaults for what an older one did not know', async () => {
    const store = await openSettings();
    const document = { allowMcpJson: false, tokenKinds: { legacy: false, hologram: true }, newer: 1 };
    await store.write(document as never, 0, '2026-01-01T00:00:00Z');
    const { settings } = await watch(store);
    expect(settings.current()).toEqual({
      ...DEFAULT_INSTALLATION_SETTINGS,
      allowMcpJson: false,
      tokenKinds: { ...DEFAULT_INSTALLATION_SETTINGS.tokenKinds, legacy: false },
    });
  });
});

describe('requireAuthentication', () => {
  const others: AuthenticationSwitch = { forcedOff: false, refusal: 'Refusing to be open.' };
  const forced: AuthenticationSwitch = { forcedOff: true, refusal: undefined };

  it('can be switched off and on again on a server that only this machine reaches', async () => {
    const { settings } = await watch(await openSettings());
    expect((await settings.change({ requireAuthentication: false }, operator)).requireAuthentication).toBe(false);
    expect((await settings.change({ requireAuthentication: true }, operator)).requireAuthentication).toBe(true);
  });

  it('can not be switched off where others reach the server, and nothing beside it is changed then', async () => {
    const { settings } = await watch(await openSettings(), undefined, others);
    await expect(
      settings.change({ requireAuthentication: false, allowMcpJson: false }, operator),
    ).rejects.toMatchObject({ code: 'CONFLICT', param: 'requireAuthentication', message: 'Refusing to be open.' });
    expect(settings.current()).toEqual(DEFAULT_INSTALLATION_SETTINGS);
    expect((await settings.change({ requireAuthentication: true }, operator)).requireAuthentication).toBe(true);
  });

  it('stays on where others reach the server, whatever another server has written', async () => {
    const path = join(temporaryFolder(), 'shared.db');
    const here = await watch(await openSettings(path));
    await here.settings.change({ requireAuthentication: false }, operator);
    const there = await watch(await openSettings(path), undefined, others);
    expect(there.settings.current().requireAuthentication).toBe(true);
    // What this server can't follow, it does not take for a change of its own.
    expect((await there.settings.change({ accessTokenTtl: 60 }, operator)).requireAuthentication).toBe(true);
    expect((await here.settings.change({}, operator)).requireAuthentication).toBe(false);
  });

  it('is for the configuration to say, when that has authentication off', async () => {
    const { settings } = await watch(await openSettings(), undefined, forced);
    expect(settings.current().requireAuthentication).toBe(false);
    for (const requireAuthentication of [true, false]) {
      await expect(settings.change({ requireAuthentication }, operator)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('configuration'),
      });
    }
  });
});
