import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { McpHost } from '../../src/index.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const works = (await probeSandboxTools(process.env)).bubblewrap !== undefined;

/** A folder whose script shows all that is in it, with a copy of secrets, and a list of what is hidden. */
async function createPlaces() {
  const folder = await mkdtemp(join(userInfo().homedir, '.latchkey-listed-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [shown, list] = [join(folder, 'shown'), join(folder, 'list.json')];
  const copy = join(shown, 'copy');
  await mkdir(copy, { recursive: true });
  await writeFile(join(copy, 'key'), 'CANARY');
  await copyFile(server, join(shown, 'run.mjs'));
  const replaceList = async (text: string): Promise<void> => {
    await writeFile(`${list}.new`, text);
    await rename(`${list}.new`, list);
  };
  const sees = { command: process.execPath, args: [join(shown, 'run.mjs')] };
  return { list, copy, replaceList, sees };
}

async function run(host: McpHost, id: string, code: string): Promise<string> {
  const outcome = await call(await open(host, id), 'run', {
    code: `const fs = await load('node:fs/promises'); ${code}`,
  });
  return outcome.type === 'success' ? outcome.text : `failed: ${outcome.reason}`;
}

const mark = 'return globalThis.started ??= String(Math.random());';

describe.runIf(works)('a place that is listed as hidden while servers run', () => {
  it('ends those that see it, and they do not see it again', async () => {
    const { list, copy, replaceList, sees } = await createPlaces();
    const blind = { command: process.execPath, args: [server] };
    await using host = processHost({ sees, blind }, { hiddenListFile: list });
    const read = `return await fs.readFile('${copy}/key', 'utf8');`;
    expect(await run(host, 'mcp/sees', read)).toBe('"CANARY"');
    const [started, other] = [await run(host, 'mcp/sees', mark), await run(host, 'mcp/blind', mark)];
    await replaceList(JSON.stringify([`${list}.elsewhere`]));
    await replaceList(JSON.stringify([copy]));
    const again = (): Promise<string> => run(host, 'mcp/sees', mark).catch(() => started);
    await expect.poll(again, { timeout: 20_000 }).not.toBe(started);
    expect(await run(host, 'mcp/sees', read)).toBe('failed: ENOENT');
    expect(await run(host, 'mcp/blind', mark)).toBe(other);
  });

  it('keeps servers from starting when the list is damaged', async () => {
    const { list, replaceList, sees } = await createPlaces();
    await replaceList('["/srv/backup"');
    await using host = processHost({ sees }, { hiddenListFile: list });
    await expect(open(host, 'mcp/sees')).rejects.toThrow(
      `${list}, which lists what to hide, is not a JSON list of paths`,
    );
  });
});
