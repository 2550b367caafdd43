import { existsSync, rmSync, type StatsFs, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shellWord } from '@latchkey/auth-core/private-files';
import { nearestExisting } from '../config/path-failure.ts';
import { findExposure } from '../config/private-path.ts';
import type { ServerConfig } from '../config/schema.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { formatBytes } from './format-bytes.ts';

/** Below this the database may soon have no room; below the second, writing fails. */
const LITTLE_ROOM = 1_000_000_000;
const NO_ROOM = 20_000_000;

/** File systems on which locks and SQLite cannot be relied on, by their type in hexadecimal digits; see statfs(2). */
const NETWORK_FILE_SYSTEMS: Readonly<Record<string, string>> = {
  '6969': 'NFS',
  '517b': 'SMB',
  fe534d42: 'SMB',
  ff534d42: 'CIFS',
  '1021997': '9p',
  '65735546': 'FUSE',
};

/** What statfs(2) reports. */
type FileSystem = Pick<StatsFs, 'bavail' | 'bsize' | 'type'>;

/** Judges the data folder and the place of the log: their permissions, their room, and their file systems. */
export function examineFolders({ data, logFile }: Pick<ServerConfig, 'data' | 'logFile'>): readonly Finding[] {
  return [
    examineData(data),
    ...judgeFileSystem(data, statfsSync(nearestExisting(data))),
    ...(logFile === undefined ? [] : [examineLog(logFile)]),
  ];
}

function examineData(data: string): Finding {
  const subject = 'data folder';
  const exposure = findExposure(data, 'folder');
  if (exposure !== undefined) return problem(subject, exposure.message);
  if (!existsSync(data)) return ok(subject, `${data} is not there yet; the first start makes it`);
  return isWritable(data) ?? ok(subject, `${data} can be written and is closed to others`);
}

/** Writes a file and removes it: permissions alone do not say whether the disk takes anything. */
function isWritable(folder: string): Finding | undefined {
  const probe = join(folder, `.doctor-${process.pid}`);
  try {
    writeFileSync(probe, 'x', { flag: 'wx', mode: 0o600 });
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return problem(
      'data folder',
      `${folder} cannot be written (${code})`,
      `Look at its owner and its disk: ls -ld ${shellWord(folder)}; df -h ${shellWord(folder)}`,
    );
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Judges the room and the type of the file system on which a folder is, or will be. */
export function judgeFileSystem(folder: string, { bavail, bsize, type }: FileSystem): readonly Finding[] {
  const free = bavail * bsize;
  const what = `${formatBytes(free)} free for ${folder}`;
  const advice = `Make room, or choose another place with --data: df -h ${shellWord(nearestExisting(folder))}`;
  const network = NETWORK_FILE_SYSTEMS[type.toString(16)];
  const onNetwork = `${folder} is on ${network}, where locks may not hold and the database may be damaged`;
  return [
    free >= LITTLE_ROOM ? ok('disk', what) : (free < NO_ROOM ? problem : warning)('disk', what, advice),
    ...(network === undefined
      ? []
      : [warning('file system', onNetwork, 'Keep the data folder on a local disk, or use PostgreSQL.')]),
  ];
}

function examineLog(file: string): Finding {
  const folder = dirname(file);
  if (!existsSync(folder)) return problem('log file', `there is no folder ${folder}`, `mkdir -p ${shellWord(folder)}`);
  return ok('log file', file);
}
