import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Environment } from '@latchkey/client';
import { knownServersFile } from '../config/known-servers-file.ts';
import { findExposure } from '../config/private-path.ts';
import { CommandError } from './command-error.ts';

/** The keys that servers proved on first contact with a command, by URL. */
export interface KnownServers {
  keyOf(url: string): string | undefined;
  /** Stores the key of a server, or removes it. If it cannot be stored, the next contact counts as the first one. */
  keep(url: string, key: string | undefined): void;
}

/** Opens `known-servers.json`, which is beside the profiles of this user. */
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
    // If other users could change the file, they could put their own keys in it.
    const exposure = findExposure(path, 'file');
    if (exposure !== undefined) throw new CommandError(exposure.message, { ending: 'machine' });
    try {
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    } catch {
      throw new CommandError(
        `${path} is not valid JSON, so that the keys of servers are not known: mend it, or remove it.`,
        {
          ending: 'machine',
        },
      );
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
        // The home folder does not exist or is read-only, as in a container.
      }
    },
  };
}

function pathIn(environment: Environment): string | undefined {
  try {
    return knownServersFile(environment);
  } catch {
    // There is no home folder.
    return undefined;
  }
}
