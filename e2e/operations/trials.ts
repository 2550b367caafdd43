import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../hostile-caller/random.ts';
import { createApi } from '../support/api.ts';
import { latchkeyPath } from '../support/latchkey-command.ts';
import { descendantsOf, isRunning } from '../support/processes.ts';
import { runShelled, type ShelledServer } from '../support/shelled-server.ts';

/** One start of a server, or of two, under some trouble. Resolves with what was wrong. */
export type Trial = (random: Random) => Promise<readonly string[]>;

const APART = 'unshare --user --map-root-user --pid --fork --mount-proc --kill-child';
const READ_ONLY = 'unshare --user --map-root-user --mount';
const can = (command: string): boolean => spawnSync('bash', ['-c', command]).status === 0;
const hasNamespaces = can(`${APART} true`);
const hasReadOnlyRoot = can(`${READ_ONLY} bash -c 'mount -t tmpfs small /mnt && mount -o remount,bind,ro /'`);

/** An id that no user of this machine has. */
const NOBODY = 54_321;
const mayBecomeNobody =
  process.getuid?.() === 0 &&
  can(`setpriv --reuid ${NOBODY} --clear-groups '${process.execPath}' '${latchkeyPath}' --version`);

/** Longer than a server takes to stop by its own promise, on a machine with other work. */
const STOP_MILLISECONDS = 20_000;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGKILL'] as const;

export const TRIALS: Readonly<Record<string, Trial>> = {
  'two starts at once': async () => startTwo('exec "$@"'),
  ...(hasNamespaces && { 'two starts at once in containers': async () => startTwo(`exec ${APART} "$@"`) }),
  'a signal during the start': async (random) => {
    await using server = runShelled('exec "$@"');
    await pause(random.between(0, 1500));
    return [...(await stopBy(server, random.pick(SIGNALS), random)), ...(await goesOn(server.data))];
  },
  'a signal while it works': async (random) => {
    await using server = runShelled('exec "$@"');
    const { admin } = await server.announced();
    const asked = Array.from({ length: random.between(0, 3) }, () =>
      admin.chat({ input: 'hi', max_output_tokens: 40 }).catch(() => undefined),
    );
    await pause(random.between(0, 300));
    const faults = await stopBy(server, random.pick(SIGNALS), random);
    await Promise.all(asked);
    return [...faults, ...(await goesOn(server.data))];
  },
  'few files': async (random) => {
    await using server = runShelled(`ulimit -n ${random.between(48, 96)}; exec "$@"`);
    return await runsOrSays(server);
  },
  'little memory': async (random) => {
    // Of data; addresses alone are taken by the gigabyte.
    await using server = runShelled(`ulimit -d ${random.between(100, 600) * 1024}; exec "$@"`);
    return await runsOrSays(server, { mayCrash: true });
  },
  'no home': async (random) => {
    await using server = runShelled(
      `${random.pick(['unset HOME', 'export HOME=/nonexistent', 'export HOME='])}; exec "$@"`,
    );
    return await runsOrSays(server, { mustRun: true });
  },
  ...(mayBecomeNobody && {
    'a user without an entry and without a home': async () => {
      // The files of a checkout may be its owner's alone, and so may the folder that Node was installed to.
      const copies = `cp -r "\${@: -1}" "$folder/models" && cp "$1" "$folder/node" && chmod -R a+rX "$folder"/{models,node}`;
      const user = `chown ${NOBODY} "$data" && chmod 711 "$folder" && exec setpriv --reuid ${NOBODY} --clear-groups`;
      await using server = runShelled(
        `unset HOME; ${copies} && ${user} "$folder/node" "\${@:2}" --models "$folder/models"`,
      );
      return await runsOrSays(server, { mustRun: true, chats: true });
    },
  }),
  'hostile surroundings': async () => {
    const environment = {
      LATCHKEY_PORT: 'tcp://10.0.0.1:1234',
      LATCHKEY_SERVICE_HOST: '10.0.0.1',
      LATCHKEY_UNKNOWN: 'x',
      LATCHKEY_LOG: ' info\n',
      NODE_ENV: 'production',
      TZ: 'Mars/Olympus',
      LC_ALL: 'tr_TR.UTF-8',
      TMPDIR: '/nonexistent',
      NO_COLOR: '1',
      http_proxy: 'http://127.0.0.1:9',
      HTTPS_PROXY: 'http://127.0.0.1:9',
    };
    await using server = runShelled('umask 000; exec "$@"', { environment });
    const faults = await runsOrSays(server, { mustRun: true });
    for (const name of readdirSync(server.data)) {
      const { stdout } = spawnSync('stat', ['-c', '%a', join(server.data, name)], { encoding: 'utf8' });
      // A socket or a folder of models may have its own mode; what others may write or read is never there.
      if (!/00$/.test(stdout.trim())) return [...faults, `${name} has mode ${stdout.trim()}`];
    }
    return faults;
  },
  ...(hasReadOnlyRoot && {
    'a read-only root': async () => {
      const mounts =
        'mount --bind "$data" "$data" && mount -o remount,bind,ro / && mount -o remount,bind,rw "$data" "$data"';
      await using server = runShelled(
        `export HOME=/nonexistent; exec ${READ_ONLY} bash -c '${mounts}; exec "$@"' bash "$@"`,
      );
      return await runsOrSays(server, { mustRun: true });
    },
  }),
  'folders that cannot be read': async (random) => {
    await using server = runShelled(
      `mkdir -p "$folder/models/closed" && cp -r "\${@: -1}"/. "$folder/models" && chmod 000 "$folder/models/closed" && exec "$@" --models "$folder/models"`,
    );
    const faults = await runsOrSays(server, { mustRun: true, chats: true });
    chmodSync(join(server.folder, 'models', 'closed'), random.pick([0o700, 0o755]));
    return faults;
  },
  'a data folder that cannot be written': async () => {
    await using server = runShelled(`touch "$folder/file"; set -- "\${@//$data/$folder/file}"; exec "$@"`);
    return await runsOrSays(server, { mustFail: true });
  },
};

/** Of two servers on one folder exactly one runs, and the other says in a line that it does not. */
async function startTwo(line: string): Promise<readonly string[]> {
  await using first = runShelled(line);
  await using second = runShelled(`set -- "\${@//$data/${first.data}}"; ${line}`);
  const ended = await Promise.race([first, second].map((one) => one.exited.then(() => one)));
  const faults = saysWhy(ended);
  // The one that runs may not have come so far yet when the other has ended.
  const { admin } = await (ended === first ? second : first).announced(first.data);
  if ((await admin.get('/api/v1/whoami')).status !== 200) faults.push('the one that runs does not know its token');
  const listening = `${first.printed()}${second.printed()}`.match(/latchkey listening/g)?.length;
  if (listening !== 1) faults.push(`${listening ?? 0} servers listen`);
  return faults;
}

interface Expected {
  readonly mustRun?: boolean;
  readonly mustFail?: boolean;
  /** Whether it has to answer with a model. */
  readonly chats?: boolean;
  /** Whether Node itself may have been ended by the limit, which no program can report. */
  readonly mayCrash?: boolean;
}

/** A server either works and stops when it is told to, or says in a line what is wrong. */
async function runsOrSays(server: ShelledServer, expected: Expected = {}): Promise<readonly string[]> {
  const started = await server.announced().catch(() => undefined);
  if (started === undefined) {
    const end = await endOf(server);
    if (end === undefined) return [`it neither starts nor ends: ${server.printed()}`];
    if (expected.mustRun) return [`it does not run: ${server.printed()}`];
    if (expected.mayCrash) return [];
    return end.signal === null ? saysWhy(server) : [`it was ended by ${end.signal}: ${server.printed()}`];
  }
  const faults: string[] = expected.mustFail ? ['it runs'] : [];
  const { status } = await started.admin.get('/api/v1/whoami').catch(() => ({ status: 0 }));
  if (status !== 200 && !expected.mayCrash) faults.push(`its administrator gets ${status}`);
  if (expected.chats) {
    const answer = await started.admin.chat({ input: 'hi', max_output_tokens: 1 });
    if (answer.status !== 200) {
      faults.push(`a chat is a ${answer.status}: ${JSON.stringify(answer.body)}; it printed: ${server.printed()}`);
    }
  }
  if (/^\s+at .*:\d+:\d+\)?$/m.test(server.printed()) && !expected.mayCrash)
    faults.push(`a stack trace: ${server.printed()}`);
  server.signal('SIGTERM');
  const { exitCode, signal } = (await endOf(server)) ?? {};
  if (exitCode !== 0 && !expected.mayCrash) faults.push(`it ends with ${exitCode ?? signal}: ${server.printed()}`);
  return faults;
}

/** What a server that does not run has printed: a line that says why, and no stack trace. */
function saysWhy({ printed }: ShelledServer): string[] {
  const lines = printed()
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('{'));
  return lines.length === 1 && lines[0] !== '' && !/^\s+at /m.test(printed()) ? [] : [`it says: ${printed()}`];
}

/** Sends a signal, sometimes twice, to the server itself. It has to end, and nothing that it started may go on. */
async function stopBy(
  server: ShelledServer,
  signal: (typeof SIGNALS)[number],
  random: Random,
): Promise<readonly string[]> {
  const children = descendantsOf(server.pid);
  server.signal(signal);
  if (random.between(0, 3) === 0) server.signal(signal);
  const end = await endOf(server);
  if (end === undefined) return [`it goes on after ${signal}: ${server.printed()}`];
  const until = performance.now() + STOP_MILLISECONDS;
  while (children.some(isRunning) && performance.now() < until) await pause(100);
  return children.some(isRunning) ? [`what it started goes on after ${signal}`] : [];
}

async function endOf(server: ShelledServer) {
  const late = new AbortController();
  const end = await Promise.race([
    server.exited,
    pause(STOP_MILLISECONDS, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  return end;
}

/** The next server on the folder runs, and the token of the administrator works. */
async function goesOn(data: string): Promise<readonly string[]> {
  const before = existsSync(join(data, 'admin-token')) ? readFileSync(join(data, 'admin-token'), 'utf8') : undefined;
  const state = join(data, 'server.json');
  // What a killed server has left does not stand for the next one.
  if (existsSync(state)) writeFileSync(state, '{}');
  mkdirSync(data, { recursive: true });
  await using next = runShelled(`set -- "\${@//$data/${data}}"; exec "$@"`);
  const until = performance.now() + 60_000;
  const urlOf = () => /latchkey listening on (\S+)/.exec(next.printed())?.[1];
  while (urlOf() === undefined && performance.now() < until && isRunning(next.pid)) await pause(50);
  const url = urlOf();
  if (url === undefined) return [`the next server does not run: ${next.printed()}`];
  const token = readFileSync(join(data, 'admin-token'), 'utf8').trim();
  const faults: string[] = [];
  if (before !== undefined && before.trim() !== token) faults.push('the administrator has another token');
  if ((await createApi(url, token).get('/api/v1/whoami')).status !== 200) faults.push('the token does not work');
  return faults;
}
