import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { formatBytes } from '../doctor/format-bytes.ts';
import type { ApiClient } from './api-client.ts';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { print, printJson, remark } from './print.ts';
import { createProgressBar } from './progress-bar.ts';

interface Download {
  readonly job_id?: string;
  readonly model?: string;
  readonly status: string;
  readonly total_size_bytes?: number;
  readonly downloaded_bytes?: number;
  readonly error?: string;
}

interface PullFlags extends ConnectionFlags {
  readonly quantization?: string;
  readonly detach?: boolean;
  readonly json?: boolean;
}

const POLL_MILLISECONDS = 500;

/** `latchkey pull` and `latchkey rm`: the files of the models folder. */
export function addPullCommands(program: Command): void {
  const pull = program
    .command('pull <model>')
    .description('download a model: publisher/repository, publisher/repository@q4_k_m, or a URL');
  addConnectionOptions(pull)
    .option('--quantization <name>', 'such as q8_0')
    .option('--detach', 'print the id of the download, and do not wait for its end')
    .option('--cancel', 'end the download with this id, and remove what is there of it')
    .option('--json', 'print JSON')
    .action(async (model: string, flags: PullFlags & { cancel?: boolean }) => {
      const client = connect(flags, process.env);
      const end = flags.cancel
        ? await ask(client, 'POST', '/api/v1/models/download/cancel', { job_id: model })
        : await download(client, model, flags);
      if (flags.json) printJson(end);
      else print(describe(end, model));
      const isRight = flags.cancel === true || end.status !== 'failed';
      if (!isRight) throw new CommandError(end.error ?? 'The download has failed.', { ending: 'failed' });
    });

  addConnectionOptions(program.command('rm <model>').description('delete a model from the models folder'))
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(async (model: string, flags: ConnectionFlags & { yes?: boolean; json?: boolean }) => {
      if (!flags.yes) await confirm(`Delete the files of ${model}?`);
      const response = await connect(flags, process.env).request('POST', '/api/v1/models/delete', { model });
      const deleted = (await response.json()) as { readonly model: string };
      if (flags.json) return printJson(deleted);
      print(`Deleted ${deleted.model}.`);
    });
}

async function ask(client: ApiClient, method: string, path: string, body?: unknown): Promise<Download> {
  return (await (await client.request(method, path, body)).json()) as Download;
}

async function download(client: ApiClient, model: string, { quantization, detach }: PullFlags): Promise<Download> {
  const body = { model, ...(quantization === undefined ? {} : { quantization }) };
  let state = await ask(client, 'POST', '/api/v1/models/download', body);
  const { job_id: id, total_size_bytes: total = 0 } = state;
  if (id === undefined || detach) return state;
  if (state.status !== 'downloading') return state;
  if (process.stderr.isTTY) remark(`Download ${id} goes on at the server if you leave.`);
  using bar = createProgressBar(total, 'bytes');
  while (state.status === 'downloading') {
    await wait(POLL_MILLISECONDS);
    state = await ask(client, 'GET', `/api/v1/models/download/status/${encodeURIComponent(id)}`);
    bar.show(state.downloaded_bytes ?? 0);
  }
  return state;
}

function describe({ status, job_id: id, model = '', total_size_bytes: bytes }: Download, asked: string): string {
  const size = typeof bytes === 'number' ? ` (${formatBytes(bytes)})` : '';
  if (status === 'already_downloaded') return `${model} is there already${size}.`;
  if (status === 'completed') return `Downloaded ${model}${size}.`;
  if (status === 'downloading') return `${id}: ${model}${size} is being downloaded.`;
  return `${asked} was not downloaded.`;
}
