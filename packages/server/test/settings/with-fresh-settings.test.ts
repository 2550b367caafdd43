import { join } from 'node:path';
import { createAuth, createMemoryTokenStore, type TokenStore } from '@latchkey/auth-core';
import { type Auth, type Grant, llm } from '@latchkey/auth-core/llm';
import { fixedClock } from '@latchkey/auth-core/testing';
import { describe, expect, it } from 'vitest';
import { withAuditedLogins } from '../../src/audit/audit-trail.ts';
import {
  DEFAULT_INSTALLATION_SETTINGS,
  requiresToken,
  toAuthSettings,
} from '../../src/settings/installation-settings.ts';
import type { SettingsStore } from '../../src/settings/kysely-settings-store.ts';
import { createLiveSettings, type LiveSettings } from '../../src/settings/live-settings.ts';
import { withFreshSettings } from '../../src/settings/with-fresh-settings.ts';
import { openSettings } from '../scripted/databases.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** One of several servers that share their databases. */
async function newShare(
  store: SettingsStore,
  tokens: TokenStore,
  clock = fixedClock('2026-01-01T00:00:00Z'),
): Promise<{ readonly auth: Auth; readonly settings: LiveSettings }> {
  const authentication = { forcedOff: false, refusal: undefined };
  const settings = await createLiveSettings({ store, clock, authentication });
  const core = createAuth({
    vocabulary: llm,
    store: tokens,
    digestKey: new Uint8Array(32).fill(7),
    settings: () => toAuthSettings(settings.current()),
  });
  return { auth: withFreshSettings(core, settings), settings };
}

describe('verifying with the settings of an installation', () => {
  it('refuses a kind that was switched off here at once, and lets it in again when it is on', async () => {
    const { auth, settings } = await newShare(await openSettings(), createMemoryTokenStore());
    const { token } = await auth.issue({ name: 'ci', grant: { actions: ['chat'] } }, auth.operator());
    await auth.verify(token);
    await settings.change({ tokenKinds: { 'api-key': false } }, {});
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_KIND_DISABLED' });
    await settings.change({ tokenKinds: { 'api-key': true } }, {});
    expect(await auth.verify(token)).toMatchObject({ name: 'ci' });
  });

  it('refuses a kind that another server has switched off when half a second has gone by, warm or not', async () => {
    const path = join(temporaryFolder(), 'shared.db');
    const tokens = createMemoryTokenStore();
    const clock = fixedClock('2026-01-01T00:00:00Z');
    const here = await newShare(await openSettings(path), tokens);
    const there = await newShare(await openSettings(path), tokens, clock);
    const { token } = await here.auth.issue({ name: 'ci', grant: { actions: ['chat'] } }, here.auth.operator());
    await there.auth.verify(token);
    await here.settings.change({ tokenKinds: { 'api-key': false } }, {});
    clock.advance(501);
    await expect(there.auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_KIND_DISABLED' });
  });

  it('passes the address of the caller on, as the log of logins does', async () => {
    const { auth, settings } = await newShare(await openSettings(), createMemoryTokenStore());
    const addresses: unknown[] = [];
    const verify: Auth['verify'] = async (_, from) => {
      addresses.push(from?.address);
      return auth.operator();
    };
    const core: Auth = { ...auth, verify };
    const trail = { identify: () => {}, refused: () => {} };
    await withAuditedLogins(withFreshSettings(core, settings), trail).verify('token', { address: '192.0.2.1' });
    expect(addresses).toEqual(['192.0.2.1']);
  });

  it('lets nobody in when the settings could not be read for a second', async () => {
    const store = await openSettings();
    const clock = fixedClock('2026-01-01T00:00:00Z');
    let broken = false;
    const read = () => (broken ? Promise.reject(new Error('the disk is gone')) : store.read());
    const { auth } = await newShare({ ...store, read }, createMemoryTokenStore(), clock);
    const { token } = await auth.issue({ name: 'ci', grant: { actions: ['chat'] } }, auth.operator());
    broken = true;
    clock.advance(1001);
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    broken = false;
    expect(await auth.verify(token)).toMatchObject({ name: 'ci' });
  });

  it('takes the time to live of a personal access token from them', async () => {
    const { settings } = await newShare(await openSettings(), createMemoryTokenStore());
    const changed = await settings.change({ personalAccessTokenTtl: 60, accessTokenTtl: 30 }, {});
    expect(toAuthSettings(changed)).toMatchObject({ personalAccessTokenSeconds: 60, accessTokenSeconds: 30 });
  });
});

describe('an installation that is locked down', () => {
  it('knows those who may do everything, and nobody else, until it no longer is', async () => {
    const { auth, settings } = await newShare(await openSettings(), createMemoryTokenStore());
    const issue = (grant: Grant) => auth.issue({ name: 'x', grant }, auth.operator());
    const all: Grant = { actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };
    const [administrator, ci, conditional] = [
      await issue(llm.everything),
      await issue({ actions: ['chat'], models: ['*'] }),
      await issue({ ...all, limits: { requestsPerMinute: 1 } }),
    ];
    await settings.change({ lockdown: true }, {});
    expect(await auth.verify(administrator.token)).toMatchObject({ name: 'x' });
    for (const { token } of [ci, conditional]) {
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_PERMISSION_DENIED' });
    }
    await expect(auth.verify('sk-lm-unknown')).rejects.not.toMatchObject({ code: 'AUTH_PERMISSION_DENIED' });
    await settings.change({ lockdown: false }, {});
    expect(await auth.verify(ci.token)).toMatchObject({ name: 'x' });
  });

  it('wants a token of everybody', () => {
    const open = { ...DEFAULT_INSTALLATION_SETTINGS, requireAuthentication: false };
    expect([requiresToken(open), requiresToken({ ...open, lockdown: true })]).toEqual([false, true]);
  });
});
