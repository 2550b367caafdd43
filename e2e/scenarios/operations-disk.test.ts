import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { runShelled, type ShelledServer } from '../support/shelled-server.ts';
import { CHAT_GRANT } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const APART = 'unshare --user --map-root-user --mount --pid --fork --mount-proc --kill-child';
const ON_SMALL_DISK = `mount -t tmpfs -o size=16m,mode=700 small "$data" && while true; do "$@"; done`;
const hasNamespaces = spawnSync('bash', ['-c', `${APART} mount -t tmpfs small /mnt`]).status === 0;

/** A server whose data folder is a disk of 16 MB, and which is started again each time that it ends. */
class SmallDisk implements AsyncDisposable {
  readonly #shelled: ShelledServer = runShelled(`exec ${APART} bash -c '${ON_SMALL_DISK}' bash "$@"`);
  readonly #ended = new Set<number>();

  /** The data folder as the server sees it. */
  get data(): string {
    return `/proc/${this.#shelled.pid}/root${this.#shelled.data}`;
  }

  async running() {
    const find = (): { url: string; pid: number } | undefined => {
      try {
        const found = JSON.parse(readFileSync(join(this.data, 'server.json'), 'utf8'));
        return this.#ended.has(found.pid) ? undefined : found;
      } catch {
        return undefined;
      }
    };
    await expect.poll(find, { timeout: 60_000, message: this.#shelled.printed() }).toBeDefined();
    const { url = '' } = find() ?? {};
    return { url, admin: createApi(url, readFileSync(join(this.data, 'admin-token'), 'utf8').trim()) };
  }

  fill(): void {
    for (const size of [1_000_000, 4096, 1]) {
      try {
        for (;;) writeFileSync(join(this.data, 'filler'), Buffer.alloc(size), { flag: 'a' });
      } catch {
        // Full, for pieces of this size.
      }
    }
  }

  empty(): void {
    rmSync(join(this.data, 'filler'));
  }

  /** Ends the server as a crash would. */
  kill(): void {
    this.#ended.add(JSON.parse(readFileSync(join(this.data, 'server.json'), 'utf8')).pid);
    const childOf = (pid: number): number =>
      Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
    process.kill(childOf(childOf(this.#shelled.pid)), 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shelled[Symbol.asyncDispose]();
  }
}

describe.skipIf(!hasNamespaces)('a full disk', () => {
  verifies('operating.full-disk', async () => {
    await using disk = new SmallDisk();
    const { url, admin } = await disk.running();
    const make = async (name: string, limits?: object) => {
      const { body } = await admin.post('/api/v1/tokens', {
        name,
        grant: { ...CHAT_GRANT, ...(limits && { limits }) },
      });
      return { id: body.id as string, token: body.token as string, api: createApi(url, body.token) };
    };
    const [kept, first, second] = [
      await make('kept'),
      await make('first'),
      await make('second', { requestsPerMinute: 50 }),
    ];
    const acknowledged: string[] = [];
    const chat = async () => {
      const answer = await kept.api.chat({ input: 'hi '.repeat(500), max_output_tokens: 4 });
      if (answer.status === 200) acknowledged.push(answer.body.response_id);
      return answer;
    };
    expect((await chat()).status).toBe(200);
    disk.fill();
    let answer = await chat();
    for (let tries = 0; answer.status === 200 && tries < 300; tries++) answer = await chat();

    const refused = [
      await admin.post('/api/v1/tokens', { name: 'x', grant: CHAT_GRANT }),
      await second.api.chat({ input: 'hi', max_output_tokens: 4 }),
      answer,
    ];
    for (const { status, body } of refused) {
      expect({ status, code: body.error.code }).toEqual({ status: 503, code: 'disk_full' });
      expect(body.error.message).toContain('The disk that the server stores on is full');
    }
    expect(await admin.get('/ready')).toMatchObject({ status: 503, body: { disk: 'full' } });
    expect(await admin.post(`/api/v1/tokens/${first.id}/revoke`, {})).toMatchObject({
      status: 200,
      body: { stored: true },
    });
    expect(await second.api.post('/api/v1/tokens/revoke-self', {})).toMatchObject({ status: 200 });

    disk.kill();
    const again = await disk.running();
    for (const { token } of [first, second]) {
      expect(await createApi(again.url, token).get('/api/v1/whoami')).toMatchObject({ status: 401 });
    }
    const keptAgain = createApi(again.url, kept.token);
    for (const id of acknowledged) expect((await keptAgain.get(`/api/v1/responses/${id}`)).status).toBe(200);
    const { body } = await again.admin.get('/api/v1/audit?type=token.revoked');
    expect(body.entries.map(({ subject }: { subject: string }) => subject).sort()).toEqual(
      [first.id, second.id].sort(),
    );

    disk.empty();
    expect((await again.admin.post('/api/v1/tokens', { name: 'x', grant: CHAT_GRANT })).status).toBe(201);
    await expect.poll(() => again.admin.get('/ready'), { timeout: 10_000 }).toMatchObject({ status: 200 });
  });
});
