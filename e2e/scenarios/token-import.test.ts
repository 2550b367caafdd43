import { createHash, createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

const PEPPER = 'the pepper of the system before';
const ADA = 'sk-from-the-system-before-ada';
const GRACE = 'sk-from-the-system-before-grace';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (text: string): string => createHmac('sha256', PEPPER).update(text).digest('base64');

describe('latchkey token import', () => {
  verifies('command.token-import', async () => {
    using home = createTemporaryFolder();
    const data = join(home.path, 'data');
    const file = join(home.path, 'keys.jsonl');
    const write = (...keys: readonly object[]) =>
      writeFileSync(file, keys.map((key) => `${JSON.stringify(key)}\n`).join(''));
    const environment = { HOME: home.path, LATCHKEY_EARLIER_HMAC_KEY: PEPPER };
    const importing = (args: readonly string[], input?: string) =>
      runLatchkey(['token', 'import', ...args, '--data', data], {
        environment,
        ...(input === undefined ? {} : { input }),
      });

    // Before there is a server: the look, what it finds, and the import.
    write({ name: 'ada', owner: 'ada', hash: sha256(ADA) }, { name: 'odd', hash: 'f00' });
    const refused = await importing([file]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining("key 2 ('odd'): ") });
    expect(refused.stderr).toContain('1 of 2 keys are refused, and nothing was imported');
    write({ name: 'ada', owner: 'ada', hash: sha256(ADA) });
    expect(await importing([file, '--dry-run'])).toMatchObject({
      exitCode: 0,
      stdout: 'One key is new, and can be imported.\n',
    });
    expect((await importing([file, '--models', 'latchkey/*'])).stdout).toBe('Imported: 1.\n');

    await using server = await startServer({ data, environment: { LATCHKEY_EARLIER_HMAC_KEY: PEPPER } });
    const whoami = (token: string) => createApi(server.url, token).get('/api/v1/whoami');
    expect(await whoami(ADA)).toMatchObject({ status: 200, body: { name: 'ada', owner: 'ada', kind: 'custom' } });
    // It is stored like any other now, and is the same token.
    expect((await whoami(ADA)).status).toBe(200);
    expect((await whoami(sha256(ADA))).status).toBe(401);

    // On the running server: HMAC-SHA-256, from standard input, beside what is there already.
    const known = await importing([file, '--json']);
    expect(JSON.parse(known.stdout)).toEqual({ dryRun: false, keys: [{ name: 'ada', outcome: 'known' }] });
    const keys = [{ name: 'grace', hash: hmac(GRACE), expiresAt: '1h', grant: { actions: ['models:read'] } }];
    const imported = await importing(['-', '--hash', 'hmac-sha256', '--json'], JSON.stringify(keys));
    expect(JSON.parse(imported.stdout)).toMatchObject({ keys: [{ name: 'grace', outcome: 'imported' }] });
    expect(await whoami(GRACE)).toMatchObject({ status: 200, body: { name: 'grace' } });
    const { tokens } = (await server.admin.get('/api/v1/tokens')).body;
    expect(tokens.find(({ name }: { name: string }) => name === 'grace')).toMatchObject({
      grant: { actions: ['models:read'] },
      expiresAt: expect.any(String),
    });

    // Many at once, in several requests, by a token that may do less than they ask for.
    const many = Array.from({ length: 120 }, (_, index) => ({ name: `${index}`, hash: sha256(`many-${index}`) }));
    expect((await importing(['-'], JSON.stringify(many))).stdout).toBe('Imported: 120.\n');
    expect((await whoami('many-119')).body.name).toBe('119');
    const { body: maker } = await server.admin.post('/api/v1/tokens', {
      name: 'maker',
      grant: { actions: ['tokens:write'] },
    });
    const denied = await runLatchkey(['token', 'import', file], {
      environment: { HOME: home.path, LATCHKEY_URL: server.url, LATCHKEY_API_TOKEN: maker.token },
    });
    expect(denied).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('nothing was imported') });

    expect((await importing([join(home.path, 'none')])).exitCode).toBe(5);
    const log = await server.admin.get('/api/v1/audit?type=token.issued');
    for (const text of [ADA, sha256(ADA), GRACE, hmac(GRACE)]) {
      expect(JSON.stringify(log.body)).not.toContain(text);
      expect(readFileSync(join(data, 'latchkey.db')).includes(text)).toBe(false);
    }
  });
});
