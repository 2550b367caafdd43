import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { dictionary, list } from '../input/bounded.ts';
import type { DownloadJob } from './download-job.ts';

/** Where downloads are kept while they run, and for a while after. */
export interface JobFiles {
  /** All that were kept, the oldest first. A file that cannot be read is left out. */
  read(): readonly DownloadJob[];
  keep(job: DownloadJob): Promise<void>;
  forget(id: string): Promise<void>;
}

const text = z.string().max(2048);
const fileSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(4096),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/),
  bytes: z.int().min(0),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/);
const jobSchema = z.strictObject({
  id: z.string().regex(/^job_[0-9a-f]{10}$/),
  model: text,
  publisher: name,
  repository: name,
  files: list(fileSchema, 10_000, 1),
  startedAt: text,
  status: z.enum(['downloading', 'completed', 'failed', 'cancelled']),
  completedAt: text.optional(),
  problem: text.optional(),
  etags: dictionary(text, 10_000),
});

/** A file for each download in a folder of the data folder, which one server at a time uses. */
export function openJobFiles(folder: string): JobFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (id: string): string => join(folder, `${id}.json`);
  /** Two changes of one job are written one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const done = last.then(act, act);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    read: () =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .flatMap((file) => readJob(join(folder, file)))
        .sort((one, other) => (one.startedAt < other.startedAt ? -1 : 1)),
    keep: (job) =>
      inTurn(async () => {
        const path = pathOf(job.id);
        await writeFile(`${path}.new`, JSON.stringify(job), { mode: 0o600 });
        await rename(`${path}.new`, path);
      }),
    forget: (id) => inTurn(() => rm(pathOf(id), { force: true })),
  };
}

function readJob(path: string): DownloadJob[] {
  try {
    const parsed = jobSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? [parsed.data as DownloadJob] : [];
  } catch {
    return [];
  }
}
