import { join } from 'node:path';
import { pino } from 'pino';
import { createAllowedFetch, type DownloadPlaces } from '../../src/downloads/allowed-fetch.ts';
import { Downloads, type DownloadsOptions } from '../../src/downloads/downloads.ts';
import { openJobFiles } from '../../src/downloads/job-files.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** Downloads to a folder of their own; by default from nowhere. */
export function newDownloads(
  options: Partial<DownloadsOptions> & { readonly places?: Partial<DownloadPlaces> } = {},
): Downloads {
  const folder = temporaryFolder();
  const { places, ...others } = options;
  const baseUrl = places?.baseUrl ?? 'http://127.0.0.1:9';
  return new Downloads({
    models: join(folder, 'models'),
    jobs: openJobFiles(join(folder, 'jobs')),
    baseUrl,
    open: createAllowedFetch({ baseUrl, hosts: [], allowPrivateHosts: [], ...places }),
    logger: pino({ level: 'silent' }),
    clock: () => new Date('2026-01-01T00:00:00Z'),
    retryMilliseconds: 1,
    freeBytes: async () => 1e12,
    ...others,
  });
}
