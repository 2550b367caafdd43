import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloadJob } from './download-job.ts';
import { sizeOf } from './fetch-file.ts';

/** The folder in which downloads wait; models are not looked for in folders that begin with a dot. */
const WAITING = '.downloads';

type Placed = Pick<DownloadJob, 'publisher' | 'repository' | 'files'>;

/** Where the files of a download are until all of them are there. */
export const waitingFolder = (models: string, { id }: Pick<DownloadJob, 'id'>): string => join(models, WAITING, id);

/** A split model has a folder of its own, so that all its parts appear at once. */
const setName = ({ files: [first] }: Placed): string => (first?.name ?? '').replace(/-\d{5}-of-\d{5}\.gguf$/i, '');

const repositoryOf = (models: string, { publisher, repository }: Placed): string => join(models, publisher, repository);

/** The folders in which the files of a model may be. */
export function placesOf(models: string, job: Placed): readonly string[] {
  const repository = repositoryOf(models, job);
  return job.files.length > 1 ? [repository, join(repository, setName(job))] : [repository];
}

/** Whether all files of a model are in the models folder already, as a download or another program puts them there. */
export async function isInstalled(models: string, job: Placed): Promise<boolean> {
  for (const place of placesOf(models, job)) {
    const sizes = await Promise.all(job.files.map(({ name }) => sizeOf(join(place, name))));
    if (job.files.every(({ bytes }, index) => sizes[index] === bytes)) return true;
  }
  return false;
}

/** Moves the files of a finished download to their place: one rename, so a model is there as a whole or not at all. */
export async function install(models: string, job: DownloadJob): Promise<void> {
  const waiting = waitingFolder(models, job);
  const repository = repositoryOf(models, job);
  await mkdir(repository, { recursive: true });
  const [first] = job.files;
  if (job.files.length === 1 && first !== undefined) {
    await rename(join(waiting, first.name), join(repository, first.name));
  } else {
    const target = join(repository, setName(job));
    await rm(target, { recursive: true, force: true });
    await rename(waiting, target);
  }
  await rm(waiting, { recursive: true, force: true });
}
