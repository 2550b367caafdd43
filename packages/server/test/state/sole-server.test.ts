import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataFolder, openDataFolder } from '../../src/state/data-folder.ts';
import { createServerIdentity } from '../../src/state/server-identity.ts';
import { requireSoleServer } from '../../src/state/sole-server.ts';

let path: string;
let folder: DataFolder;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'latchkey-sole-'));
  folder = openDataFolder(path, {});
});
afterEach(() => rmSync(path, { recursive: true }));

const URL_OF_IT = 'http://127.0.0.1:9';
const identity = createServerIdentity(new Uint8Array(32).fill(7));

const announce = (pid: number): void =>
  writeFileSync(join(path, 'server.json'), JSON.stringify({ url: URL_OF_IT, pid, key: identity.key }));
const proves: typeof fetch = async (input) => {
  const { searchParams } = new URL(String(input));
  const [nonce = '', host = ''] = ['nonce', 'host'].map((name) => searchParams.get(name) ?? '');
  return Response.json({ status: 'ok', proof: identity.prove(nonce, host) });
};
const provesToBeAnother: typeof fetch = async (input) => {
  const { searchParams } = new URL(String(input));
  const [nonce = '', host = ''] = ['nonce', 'host'].map((name) => searchParams.get(name) ?? '');
  const other = createServerIdentity(new Uint8Array(32).fill(8));
  return Response.json({ status: 'ok', proof: other.prove(nonce, host) });
};
const answers: typeof fetch = async () => Response.json({ status: 'ok' });
const refuses: typeof fetch = async () => Promise.reject(new TypeError('fetch failed'));

describe('requireSoleServer', () => {
  it('accepts a folder that nobody has announced', async () => {
    await requireSoleServer(folder, answers);
  });

  it('refuses a folder whose server answers', async () => {
    announce(process.pid);
    await expect(requireSoleServer(folder, proves)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`http://127.0.0.1:9, process ${process.pid}`),
    });
  });

  it("accepts what a crashed server left, though its process's number is in use again", async () => {
    announce(process.pid);
    await requireSoleServer(folder, refuses);
  });

  it('accepts what a crashed server left, though something else answers at its address', async () => {
    announce(2 ** 22 + 1);
    await requireSoleServer(folder, proves);
    announce(process.pid);
    await requireSoleServer(folder, answers);
    await requireSoleServer(folder, provesToBeAnother);
  });
});
