import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Api, createApi } from '../support/api.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { descendantsOf } from '../support/processes.ts';
import { modelsFolder, NANO } from '../support/server.ts';
import { runShelled, type ShelledServer } from '../support/shelled-server.ts';
import { CHAT_GRANT, createToken, type HeldToken } from '../support/tokens.ts';
import { RestartingProxy } from './restarting-proxy.ts';

const APART = 'unshare --user --map-root-user --mount';
const hasNamespaces = spawnSync('bash', ['-c', `${APART} mount -t tmpfs small /mnt`]).status === 0;
const LOG_DISK = 'mount -t tmpfs -o size=64k small "$folder/logs" &&';
const FLAGS = '"$@" --models "$folder/models" --log-file "$folder/logs/log"';
const START = hasNamespaces
  ? `mkdir -p "$folder/logs" && exec ${APART} bash -c '${LOG_DISK} exec ${FLAGS}' bash "$@"`
  : `mkdir -p "$folder/logs" && exec ${FLAGS}`;

/** How many descriptors a server may have more at the end than after its first chats. */
const MORE_DESCRIPTORS = 24;
/** A place is freed when the caller's leaving was noticed, and the round that ran has ended. */
const SETTLING_MILLISECONDS = 15_000;

/** What a server has acknowledged, and what else was noticed. */
interface Ledger {
  readonly responses: { readonly by: HeldToken; readonly id: string }[];
  readonly kept: HeldToken[];
  readonly revoked: HeldToken[];
  readonly faults: string[];
  readonly counts: Record<string, number>;
}

export interface SoakOutcome {
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

/** What goes on all the time; each is repeated until the end. A broken connection is no fault: nothing was acknowledged. */
type Activity = (world: World, round: number) => Promise<void>;

interface World {
  readonly server: ShelledServer;
  readonly direct: Api;
  readonly proxy: RestartingProxy;
  readonly caller: HeldToken;
  readonly ledger: Ledger;
}

const throughProxy = ({ proxy, caller }: World): Api => createApi(`http://127.0.0.1:${proxy.port}`, caller.token);

/** The statuses that a server may answer with while all this goes on: it is busy, or a model has just gone. */
const EXPECTED: ReadonlySet<number> = new Set([200, 404, 429, 500, 503]);

const ACTIVITIES: Readonly<Record<string, Activity>> = {
  async chats(world, round) {
    const answer = await throughProxy(world).chat({ input: `round ${round}`, max_output_tokens: 6 });
    if (!EXPECTED.has(answer.status)) world.ledger.faults.push(`a chat is a ${answer.status}`);
    if (answer.status === 200) world.ledger.responses.push({ by: world.caller, id: answer.body.response_id });
  },
  async callersLeave(world) {
    const stream = await throughProxy(world).stream({ input: 'Tell me a story.', max_output_tokens: 200 });
    await stream.until('message.delta', 'error');
    stream.leave();
  },
  async tokens({ direct, server: _, ledger, caller: __ }, round) {
    const made = await direct.post('/api/v1/tokens', { name: `soak ${round}`, grant: CHAT_GRANT });
    if (made.status !== 201) return;
    const token = { ...createApi('', made.body.token), id: made.body.id, token: made.body.token };
    if (round % 2 === 0) return void ledger.kept.push(token);
    const ended = await direct.post(`/api/v1/tokens/${token.id}/revoke`, {});
    if (ended.status === 200) ledger.revoked.push(token);
    await pause(100);
  },
  async modelsComeAndGo({ server, caller }, round) {
    const folder = join(server.folder, 'models', 'guest');
    const file = join(folder, `model-${round % 3}.gguf`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(modelsFolder, `${NANO}.gguf`), file);
    await caller.get('/api/v1/models');
    await pause(300);
    rmSync(file);
  },
  async filesChange({ server }, round) {
    const path = join(server.data, 'mcp.json');
    writeFileSync(path, round % 3 === 2 ? '{ "mcpServers": ' : '{ "mcpServers": {} }', { mode: 0o600 });
    server.signal('SIGHUP');
    await pause(400);
  },
  async logDiskEmpties({ server }) {
    await pause(3000);
    truncateSync(hasNamespaces ? `/proc/${server.pid}/root${server.folder}/logs/log` : `${server.folder}/logs/log`, 0);
  },
  async proxyRestarts({ proxy }) {
    await pause(2500);
    await proxy.stop();
    await pause(200);
    await proxy.start();
  },
};

/** Lets a server live through all of that at once, and looks at what is left of it. */
export async function soak(milliseconds: number): Promise<SoakOutcome> {
  const ledger: Ledger = { responses: [], kept: [], revoked: [], faults: [], counts: {} };
  await using server = runShelled(START);
  mkdirSync(join(server.folder, 'models'), { recursive: true });
  cpSync(modelsFolder, join(server.folder, 'models'), { recursive: true });
  const { url, admin: direct } = await server.announced();
  const grant = { ...CHAT_GRANT, models: ['*'], limits: { concurrentRequests: 16 } };
  const caller = await createToken({ url, admin: direct }, 'soak', grant);
  await using proxy = new RestartingProxy(Number(new URL(url).port));
  await proxy.start();
  const world: World = { server, direct, proxy, caller, ledger };
  for (let chat = 0; chat < 3; chat++) await caller.chat({ input: 'warm', max_output_tokens: 2, store: false });
  const before = countDescriptors(server.pid);

  const until = performance.now() + milliseconds;
  await Promise.all(
    Object.entries(ACTIVITIES).map(async ([name, activity]) => {
      for (let round = 0; performance.now() < until; round++) {
        await activity(world, round).catch(() => pause(50));
        ledger.counts[name] = round + 1;
      }
    }),
  );
  await judge(world, url, before);
  server.signal('SIGTERM');
  const { exitCode } = await server.exited;
  if (exitCode !== 0) ledger.faults.push(`the server ended with ${exitCode}`);
  return {
    counts: { ...ledger.counts, responses: ledger.responses.length, revoked: ledger.revoked.length },
    faults: ledger.faults,
  };
}

async function judge({ server, caller, ledger }: World, url: string, descriptorsBefore: number): Promise<void> {
  const { faults } = ledger;
  const places = async (): Promise<number> => {
    const { limits } = (await caller.get('/api/v1/whoami')).body;
    // This request itself has one of the places.
    return limits[0].limit - limits[0].remaining - 1;
  };
  const end = performance.now() + SETTLING_MILLISECONDS;
  while ((await places()) > 0 && performance.now() < end) await pause(200);
  const taken = await places();
  if (taken > 0) faults.push(`${taken} places are still taken`);
  for (const { by, id } of ledger.responses) {
    const { status } = await by.get(`/api/v1/responses/${id}`);
    if (status !== 200) faults.push(`the acknowledged response ${id} is a ${status}`);
  }
  for (const [tokens, expected] of [
    [ledger.kept, 200],
    [ledger.revoked, 401],
  ] as const) {
    for (const { id, token } of tokens) {
      const { status } = await createApi(url, token).get('/api/v1/whoami');
      if (status !== expected) faults.push(`token ${id} is a ${status}, not a ${expected}`);
    }
  }
  const more = countDescriptors(server.pid) - descriptorsBefore;
  if (more > MORE_DESCRIPTORS) faults.push(`${more} descriptors more are open than at the beginning`);
  const engines = descendantsOf(server.pid).length;
  if (engines > 3) faults.push(`${engines} processes of the server are left`);
  const verified = await runLatchkey(['audit', 'verify', '--data', server.data]);
  if (verified.exitCode !== 0) faults.push(`the audit log: ${verified.stderr}`);
}

const countDescriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
