import { randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** What a data folder holds, by path. */
export interface DataFolder {
  readonly path: string;
  readonly database: string;
  readonly adminToken: string;
  /** Written while a server runs on the folder, for commands that look for it. */
  readonly serverFile: string;
  /** The key that token digests are made with: 32 bytes or more, kept outside the database. */
  readonly secret: Uint8Array;
}

/** Where a running server is. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
}

/**
 * Opens a data folder, making it (mode 0700) and its secret (mode 0600) when they are missing. `LATCHKEY_SECRET`, at
 * least 32 characters, takes the place of the file. Throws when the secret is short or readable by others.
 */
export function openDataFolder(path: string, environment: Readonly<Record<string, string | undefined>>): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return {
    path,
    database: join(path, 'latchkey.db'),
    adminToken: join(path, 'admin-token'),
    serverFile: join(path, 'server.json'),
    secret: readSecret(join(path, 'secret.key'), environment.LATCHKEY_SECRET),
  };
}

function readSecret(path: string, given: string | undefined): Uint8Array {
  if (given !== undefined && given !== '') {
    if (given.length < 32) throw new Error('LATCHKEY_SECRET is too short: it needs at least 32 characters.');
    return new TextEncoder().encode(given);
  }
  if (!existsSync(path)) createPrivate(path, `${randomBytes(32).toString('base64')}\n`);
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new Error(`${path} can be read by others. Make it yours alone: chmod 600 ${path}`);
  }
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');
  if (secret.length < 32) {
    throw new Error(`${path} holds no key of 32 bytes. Restore it, or remove it with the database.`);
  }
  return new Uint8Array(secret);
}

/** Of two processes that start at once one creates the file and both read it whole: a link appears in one step. */
function createPrivate(path: string, text: string): void {
  const draft = writeDraft(path, text);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Writes a file that only its owner may read, at no moment with the mode of a file that was there before. */
export function writePrivate(path: string, text: string): void {
  movePrivate(writeDraft(path, text), path);
}

/** Puts a draft where it belongs, in one step. */
export function movePrivate(draft: string, path: string): void {
  renameSync(draft, path);
}

/** Writes a text beside the file that it is for, and says where. Only its owner may read it. */
export function writeDraft(path: string, text: string): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  return draft;
}

/** Says where the server is; returns the undoing of it. */
export function announceServer(folder: DataFolder, server: RunningServer): () => void {
  writePrivate(folder.serverFile, `${JSON.stringify(server)}\n`);
  return () => {
    if (findServer(folder.path)?.pid === server.pid) rmSync(folder.serverFile, { force: true });
  };
}

/** The server that runs on a data folder, if one does. */
export function findServer(path: string): RunningServer | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(join(path, 'server.json'), 'utf8')) as Partial<RunningServer>;
    if (typeof url !== 'string' || typeof pid !== 'number') return undefined;
    process.kill(pid, 0);
    return { url, pid };
  } catch {
    return undefined;
  }
}
