import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { StdioServerEntry } from '../config/mcp-config.ts';
import { findProgram } from './find-program.ts';
import { homePath } from './homes.ts';
import { scripts } from './places.ts';
import { SandboxError } from './sandbox-error.ts';

/** The files run under a label, as the entry names them, each with its digest. */
type Programs = Readonly<Record<string, KnownFile>>;

interface KnownFile {
  readonly path: string;
  readonly sha256: string;
  /** Inode, size and times, which change when the file is written. */
  readonly stamp: string;
}

/**
 * Remembers the program of each label: the file of the command, and scripts among its arguments. A file that differs
 * from the last start is reported, because any program can send the same tool definitions. If an entry gives a digest
 * for a file, the file must match it.
 */
export class KnownPrograms {
  readonly #homes: string | undefined;
  readonly #digests = new Map<string, KnownFile>();
  readonly #changes = new Map<string, string>();

  /**
   * @param homes a folder that no server sees, in which the programs are remembered. Absent: only while this process
   *   runs
   */
  constructor(homes: string | undefined) {
    this.#homes = homes;
  }

  /** How the program of a server differed from the one before it at a start, if it did. */
  changed(id: string): string | undefined {
    return this.#changes.get(id);
  }

  /**
   * Checks the program of an entry that is about to start.
   *
   * @throws SandboxError when a file has another digest than its entry says
   */
  async meet(entry: StdioServerEntry, path: string): Promise<void> {
    const before = await this.#recall(entry.id);
    // A file with an unchanged stamp is not read again.
    for (const file of Object.values(before ?? {})) this.#digests.set(file.path, file);
    const now = await this.#filesOf(entry, path);
    for (const [named, sha256] of Object.entries(entry.sha256 ?? {})) {
      const file = now[named];
      if (file?.sha256 === sha256) continue;
      const what = file === undefined ? 'is not there' : `has the digest ${file.sha256}`;
      throw new SandboxError(
        `its "sha256" pins ${named}, which ${what}: look at it, and change the entry if it is right`,
      );
    }
    const different = Object.entries(now).filter(([named, { sha256 }]) => before?.[named]?.sha256 !== sha256);
    const isSame = different.length === 0 && Object.keys(before ?? {}).length === Object.keys(now).length;
    if (isSame) return;
    if (before !== undefined) {
      const files = different.map(([, { path: file, sha256 }]) => `${file} (sha256 ${sha256})`);
      const what = files.length === 0 ? 'it names fewer files' : files.join(', ');
      this.#changes.set(entry.id, `is another program than at its last start: ${what}; "sha256" in its entry pins one`);
    }
    await this.#remember(entry.id, now);
  }

  async #filesOf(
    { command, args, cwd = process.cwd(), sha256: pinned = {} }: StdioServerEntry,
    path: string,
  ): Promise<Programs> {
    const program = await findProgram(command, path, cwd);
    const files: [named: string, file: string][] = program === undefined ? [] : [[command, program]];
    for (const argument of args) {
      const file = resolve(cwd, argument);
      const isWanted = scripts.test(argument) || pinned[argument] !== undefined;
      if (isWanted && (await stat(file).catch(() => undefined))?.isFile()) files.push([argument, file]);
    }
    return Object.fromEntries(await Promise.all(files.map(async ([name, file]) => [name, await this.#read(file)])));
  }

  async #read(file: string): Promise<KnownFile> {
    const path = await realpath(file);
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const stamp = [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    const known = this.#digests.get(path);
    if (known?.stamp === stamp) return known;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    const read = { path, sha256: hash.digest('hex'), stamp };
    this.#digests.set(path, read);
    return read;
  }

  async #recall(id: string): Promise<Programs | undefined> {
    if (this.#homes === undefined) return this.#inMemory.get(id);
    const text = await readFile(recordOf(this.#homes, id), 'utf8').catch(() => undefined);
    try {
      return text === undefined ? undefined : (JSON.parse(text) as Programs);
    } catch {
      // A damaged record matches no file.
      return {};
    }
  }

  readonly #inMemory = new Map<string, Programs>();

  async #remember(id: string, files: Programs): Promise<void> {
    if (this.#homes === undefined) {
      this.#inMemory.set(id, files);
      return;
    }
    const record = recordOf(this.#homes, id);
    await mkdir(dirname(record), { recursive: true, mode: 0o700 });
    await writeFile(`${record}.new`, JSON.stringify(files), { mode: 0o600 });
    await rename(`${record}.new`, record);
  }
}

const recordOf = (homes: string, id: string): string => `${homePath(homes, id)}.program.json`;
