import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { announceServer, findServer, openDataFolder, writePrivate } from '../../src/state/data-folder.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('openDataFolder', () => {
  it('makes the folder and the secret for their owner alone', () => {
    const path = join(temporaryFolder(), 'a/b');
    const folder = openDataFolder(path, {});
    expect(modeOf(path)).toBe(0o700);
    expect(modeOf(join(path, 'secret.key'))).toBe(0o600);
    expect(folder.secrets.map(({ length }) => length)).toEqual([32]);
    expect(readdirSync(path)).toEqual(['secret.key']);
  });

  it('reads the same secret every time, and makes another one for another folder', () => {
    const path = temporaryFolder();
    const { secrets } = openDataFolder(path, {});
    expect(openDataFolder(path, {}).secrets).toEqual(secrets);
    expect(openDataFolder(temporaryFolder(), {}).secrets).not.toEqual(secrets);
  });

  it('gives the same secret to all who open a new folder at once', async () => {
    const [processes, rounds] = [3, 60];
    const path = temporaryFolder();
    const source = new URL('../../src/state/data-folder.ts', import.meta.url).href;
    // Everybody counts up at the beginning of a round and waits until all have done so.
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { source, path, arrived, processes, rounds } = workerData;
      import(source).then(({ openDataFolder }) => {
        const secrets = [];
        for (let round = 0; round < rounds; round += 1) {
          Atomics.add(arrived, round, 1);
          while (Atomics.load(arrived, round) < processes);
          secrets.push(Buffer.from(openDataFolder(path + '/' + round, {}).secrets[0]).toString('hex'));
        }
        parentPort.postMessage(secrets);
      });`;
    const arrived = new Int32Array(new SharedArrayBuffer(4 * rounds));
    const workers = Array.from(
      { length: processes },
      () => new Worker(program, { eval: true, workerData: { source, path, arrived, processes, rounds } }),
    );
    const secrets = await Promise.all(
      workers.map(
        (worker) => new Promise<string[]>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
      ),
    );
    for (const other of secrets.slice(1)) expect(other).toEqual(secrets[0]);
    expect(new Set(secrets[0]).size).toBe(rounds);
    expect(readdirSync(join(path, '0'))).toEqual(['secret.key']);
  });

  it('refuses a secret that others can read', () => {
    const path = temporaryFolder();
    openDataFolder(path, {});
    for (const mode of [0o640, 0o604, 0o644]) {
      chmodSync(join(path, 'secret.key'), mode);
      expect(() => openDataFolder(path, {})).toThrow('can be read by others');
    }
  });

  it('refuses a folder that others can write or read, and makes nothing in it', () => {
    for (const mode of [0o777, 0o755, 0o770]) {
      const path = temporaryFolder();
      chmodSync(path, mode);
      expect(() => openDataFolder(path, {})).toThrow(`chmod 700 ${path}`);
      expect(readdirSync(path)).toEqual([]);
    }
  });

  it('makes no new secret beside a database, whose tokens would not work with it', () => {
    const path = temporaryFolder();
    writeFiles(path, { 'latchkey.db': 'a database' });
    expect(() => openDataFolder(path, {})).toThrow(
      /secret\.key is missing.*Restore secret\.key, or set LATCHKEY_SECRET/,
    );
    expect(readdirSync(path)).toEqual(['latchkey.db']);
    expect(openDataFolder(path, { LATCHKEY_SECRET: 'x'.repeat(32) }).secrets[0]).toHaveLength(32);
  });

  it('takes back a secret that it has made, and no other', () => {
    const path = temporaryFolder();
    openDataFolder(path, {}).forgetNewSecret();
    expect(readdirSync(path)).toEqual([]);
    openDataFolder(path, {});
    openDataFolder(path, {}).forgetNewSecret();
    expect(readdirSync(path)).toEqual(['secret.key']);
  });

  it.each(['', 'c2hvcnQ=', 'not base64 at all'])('refuses the secret file %j, which holds too little', (text) => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'secret.key'), text, { mode: 0o600 });
    expect(() => openDataFolder(path, {})).toThrow('holds no key of 32 bytes');
  });

  it('takes LATCHKEY_SECRET in place of the file, and writes none', () => {
    const path = temporaryFolder();
    const secret = 'x'.repeat(32);
    expect(openDataFolder(path, { LATCHKEY_SECRET: secret }).secrets).toEqual([new TextEncoder().encode(secret)]);
    expect(readdirSync(path)).toEqual([]);
  });

  it('takes former secrets from the file and from LATCHKEY_SECRET_FORMER, each once, the present one first', () => {
    const path = temporaryFolder();
    const [one, two] = ['a', 'b'].map((letter) => letter.repeat(32)) as [string, string];
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    writeFileSync(join(path, 'secret.key'), `${base64(one)}\nformer ${base64(two)}\n`, { mode: 0o600 });
    const bytes = [one, two].map((text) => new TextEncoder().encode(text));
    expect(openDataFolder(path, {}).secrets).toEqual(bytes);
    expect(openDataFolder(path, { LATCHKEY_SECRET_FORMER: `${two}\n${'c'.repeat(32)}\n` }).secrets).toHaveLength(3);
    expect(openDataFolder(path, { LATCHKEY_SECRET: one, LATCHKEY_SECRET_FORMER: two }).secrets).toEqual(bytes);
  });

  it('reads one secret in several lines as one, as earlier versions did', () => {
    const path = temporaryFolder();
    const text = Buffer.alloc(96, 7).toString('base64');
    writeFileSync(join(path, 'secret.key'), `${text.slice(0, 64)}\n${text.slice(64)}\n`, { mode: 0o600 });
    expect(openDataFolder(path, {}).secrets.map(({ length }) => length)).toEqual([96]);
  });

  it('refuses more than three former secrets, and a short one', () => {
    const path = temporaryFolder();
    const former = ['b', 'c', 'd', 'e'].map((letter) => letter.repeat(32)).join('\n');
    const given = { LATCHKEY_SECRET: 'a'.repeat(32) };
    expect(() => openDataFolder(path, { ...given, LATCHKEY_SECRET_FORMER: former })).toThrow('latchkey key drop');
    expect(() => openDataFolder(path, { ...given, LATCHKEY_SECRET_FORMER: 'short' })).toThrow(
      'LATCHKEY_SECRET_FORMER is too short: it needs at least 32 characters in each line.',
    );
  });

  it('refuses a short LATCHKEY_SECRET without repeating it', () => {
    const secret = 'a-short-secret';
    expect(() => openDataFolder(temporaryFolder(), { LATCHKEY_SECRET: secret })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    );
  });
});

describe('writePrivate', () => {
  it('leaves a file that only its owner may read, whatever was there before', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'admin-token');
    writeFileSync(path, 'old', { mode: 0o644 });
    writePrivate(path, 'new');
    expect(modeOf(path)).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['admin-token']);
  });
});

describe('the note of where the server is', () => {
  it('is found while its process runs, until it is taken back', () => {
    const folder = openDataFolder(temporaryFolder(), {});
    const server = { url: 'http://127.0.0.1:1234', pid: process.pid, key: 'k', run: 'r' };
    const retract = announceServer(folder, server);
    expect(findServer(folder.path)).toEqual(server);
    expect(modeOf(folder.serverFile)).toBe(0o600);
    retract();
    expect(findServer(folder.path)).toBeUndefined();
  });

  it('of another server is left alone', () => {
    const folder = openDataFolder(temporaryFolder(), {});
    const retract = announceServer(folder, { url: 'http://127.0.0.1:1', pid: 999_999_999, key: 'k', run: 'r' });
    announceServer(folder, { url: 'http://127.0.0.1:2', pid: process.pid, key: 'k', run: 'r' });
    retract();
    expect(findServer(folder.path)?.url).toBe('http://127.0.0.1:2');
  });

  it.each([
    ['of a process that is gone', '{"url":"http://127.0.0.1:1","pid":999999999}'],
    ['that is not JSON', 'not JSON'],
    ['without an address', `{"pid":${process.pid}}`],
    ['without a process', '{"url":"http://127.0.0.1:1"}'],
    ['without a key', `{"url":"http://127.0.0.1:1","pid":${process.pid}}`],
  ])('%s says nothing', (_, text) => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'server.json': text });
    expect(findServer(folder)).toBeUndefined();
  });
});
