import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { signalGroup } from './process-group.ts';

const entrySchema = z.strictObject({
  /** The boot and the process namespace in which the ids mean anything. */
  world: z.string().min(1),
  pid: z.number().int().min(2),
  start: z.number(),
  host: z.strictObject({ pid: z.number().int().min(1), start: z.number() }),
});

type Entry = z.output<typeof entrySchema>;

/**
 * Notes in a folder which process groups this host has started, so that the next one can end those that outlived a host
 * that was killed. A process is known by its id and by when it started, for ids are used again. Where there is no /proc
 * it notes nothing.
 */
export class ProcessLedger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Notes a group leader that has just been started; returns what takes the note away. */
  note(pid: number): () => void {
    const world = readWorld();
    const [leader, host] = [readProcess(pid), readProcess(process.pid)];
    if (world === undefined || leader === undefined || host === undefined) return () => {};
    const entry: Entry = { world, pid, start: leader.start, host: { pid: process.pid, start: host.start } };
    const file = join(this.#folder, `${pid}.json`);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(entry), { mode: 0o600 });
    return () => rmSync(file, { force: true });
  }

  /** Ends what hosts that are gone have left behind. */
  sweep(): void {
    const world = readWorld();
    for (const name of listFolder(this.#folder)) {
      const file = join(this.#folder, name);
      const entry = readEntry(file);
      if (entry !== undefined && entry.world === world) {
        if (readProcess(entry.host.pid)?.start === entry.host.start) continue;
        if (isLeftOver(entry)) signalGroup(entry.pid, 'SIGKILL');
      }
      rmSync(file, { force: true });
    }
  }
}

/** Whether anything of the noted group lives: its leader, or, where that is gone, what else is in its session. */
function isLeftOver({ pid, start }: Entry): boolean {
  const leader = readProcess(pid);
  if (leader !== undefined) return leader.start === start && leader.group === pid;
  return listFolder('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .some((found) => found !== undefined && found.group === pid && found.session === pid && found.start >= start);
}

interface FoundProcess {
  readonly group: number;
  readonly session: number;
  /** In ticks of the clock since the machine was started. */
  readonly start: number;
}

function readProcess(pid: number): FoundProcess | undefined {
  try {
    // pid (command) state parent group session …; the command may hold anything. See proc_pid_stat(5).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { group: Number(fields[2]), session: Number(fields[3]), start: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

function readWorld(): string | undefined {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

function readEntry(file: string): Entry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
