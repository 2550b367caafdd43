import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataFolder, openDataFolder } from '../../src/state/data-folder.ts';
import { requireSoleServer } from '../../src/state/sole-server.ts';

let path: string;
let folder: DataFolder;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'latchkey-sole-'));
  folder = openDataFolder(path, {});
});
afterEach(() => rmSync(path, { recursive: true }));

const announce = (pid: number): void =>
  writeFileSync(join(path, 'server.json'), JSON.stringify({ url: 'http://127.0.0.1:9', pid }));
const answers: typeof fetch = async () => new Response('{"status":"ok"}');
const refuses: typeof fetch = async () => Promise.reject(new TypeError('fetch failed'));

describe('requireSoleServer', () => {
  it('accepts a folder that nobody has announced', async () => {
    await requireSoleServer(folder, answers);
  });

  it('refuses a folder whose server answers', async () => {
    announce(process.pid);
    await expect(requireSoleServer(folder, answers)).rejects.toMatchObject({
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
    await requireSoleServer(folder, answers);
  });
});
