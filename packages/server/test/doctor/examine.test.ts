import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { examine } from '../../src/doctor/examine.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { lockFolder } from '../../src/state/folder-lock.ts';

const PATIENCE_MILLISECONDS = 60_000;
const onEnd: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of onEnd.splice(0)) await end();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  onEnd.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function findings(data: string, flags: Record<string, unknown> = {}, environment = {}): Promise<Finding[]> {
  const sources = { flags: { data, port: 0, ...flags }, environment: { PATH: process.env.PATH, ...environment } };
  const found: Finding[] = [];
  for await (const finding of examine(sources, (error) => (error as Error).message)) found.push(finding);
  return found;
}

const of = (found: readonly Finding[], subject: string) => found.filter((finding) => finding.subject === subject);

describe('latchkey doctor', { timeout: PATIENCE_MILLISECONDS }, () => {
  it('starts llama.cpp and the sandbox, lists models, and leaves nothing behind', async () => {
    const data = makeFolder();
    const found = await findings(data, { models: join(import.meta.dirname, '../../../../models') });
    expect(of(found, 'llama.cpp')).toEqual([expect.objectContaining({ state: expect.not.stringMatching('problem') })]);
    expect(of(found, 'models')).toEqual([expect.objectContaining({ state: 'ok' })]);
    expect(of(found, 'sandbox')[0]?.message).toContain('process group');
    expect(found.filter(({ state }) => state === 'problem')).toEqual([]);
    expect(readdirSync(data)).toEqual([]);
  });

  it('goes on after a part that cannot be used', async () => {
    const data = makeFolder();
    writeFileSync(join(data, 'mcp.json'), '{', { mode: 0o600 });
    const found = await findings(data);
    expect(of(found, 'mcp.json')).toEqual([expect.objectContaining({ state: 'problem' })]);
    expect(of(found, 'llama.cpp')).toHaveLength(1);
  });

  it('says what is wrong with a setting and stops there', async () => {
    const found = await findings(makeFolder(), { port: 70_000 });
    expect(found.at(-1)).toMatchObject({ subject: 'configuration', state: 'problem' });
    expect(found.at(-1)?.message).toContain('--port');
  });

  it('names variables that have no meaning', async () => {
    const found = await findings(makeFolder(), { port: -1 }, { LATCHKEY_PROT: '1' });
    expect(of(found, 'environment')[0]?.message).toContain('LATCHKEY_PROT');
  });

  it('says that a folder is open to others, with the command that closes it', async () => {
    const data = join(makeFolder(), 'data');
    mkdirSync(data);
    chmodSync(data, 0o777);
    const found = await findings(data);
    expect(of(found, 'data folder')).toEqual([expect.objectContaining({ state: 'problem' })]);
    expect(of(found, 'data folder')[0]?.message).toContain('chmod');
  });

  it('says that the address is taken, and by what when it is the server of the folder', async () => {
    const taken = createServer();
    onEnd.push(() => new Promise((resolve) => taken.close(resolve)));
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const data = makeFolder();
    expect(of(await findings(data, { port }), 'address')).toEqual([expect.objectContaining({ state: 'problem' })]);
    using lock = lockFolder(data);
    expect(lock).toBeDefined();
    expect(of(await findings(data, { port }), 'server')).toEqual([expect.objectContaining({ state: 'ok' })]);
  });

  it('says that there is no folder for the log', async () => {
    const found = await findings(makeFolder(), { logFile: '/no/such/folder/latchkey.log' });
    expect(of(found, 'log file')).toEqual([expect.objectContaining({ state: 'problem' })]);
  });
});
