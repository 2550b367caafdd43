import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { credentialsFile, type Environment } from '@latchkey/client';
import { findExposure } from '../config/private-path.ts';
import { CommandError } from './command-error.ts';

/** The keys that servers proved to have when a command first spoke to them, by their URL. */
export interface KnownServers {
  keyOf(url: string): string | undefined;
  /** Keeps the key of a server, or forgets it. One that cannot be kept is met for the first time again. */
  keep(url: string, key: string | undefined): void;
}

/** Those in `known-servers.json` beside the profiles of this user. */
export function openKnownServers(environment: Environment): KnownServers {
  const path = pathIn(environment);
  if (path === undefined) return { keyOf: () => undefined, keep: () => {} };
  const read = (): Readonly<Record<string, unknown>> => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return {};
    }
    // Keys that others can change would be theirs.
    const exposure = findExposure(path, 'file');
    if (exposure !== undefined) throw new CommandError(exposure.message, { ending: 'machine' });
    try {
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    } catch {
      throw new CommandError(`${path} is no JSON, so that the keys of servers are not known: mend it, or remove it.`, {
        ending: 'machine',
      });
    }
  };
  return {
    keyOf(url) {
      const known = read();
      const key = Object.hasOwn(known, url) ? known[url] : undefined;
      return typeof key === 'string' ? key : undefined;
    },
    keep(url, key) {
      try {
        const known = read();
        if (known[url] === key) return;
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        const aside = `${path}.${process.pid}`;
        writeFileSync(aside, `${JSON.stringify({ ...known, [url]: key }, undefined, 2)}\n`, { mode: 0o600 });
        renameSync(aside, path);
      } catch {
        // A home that is not there, or is only read, as in a container.
      }
    },
  };
}

function pathIn(environment: Environment): string | undefined {
  try {
    return join(dirname(credentialsFile(environment)), 'known-servers.json');
  } catch {
    // There is no home folder.
    return undefined;
  }
}
