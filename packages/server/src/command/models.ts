import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { printJson, printTable } from './print.ts';

interface ListedModel {
  readonly key: string;
  readonly type: string;
  readonly params_string: string | null;
  readonly quantization: { readonly name: string | null } | null;
  readonly size_bytes: number;
  readonly max_context_length: number;
  readonly loaded_instances: readonly unknown[];
}

/** `latchkey models`. */
export function addModelsCommand(program: Command): void {
  addConnectionOptions(program.command('models').description('list the models that your token may use'))
    .option('--json', 'print JSON')
    .action(async (flags: ConnectionFlags & { json?: boolean }) => {
      const response = await connect(flags, process.env).request('GET', '/api/v1/models');
      const body = (await response.json()) as { models: readonly ListedModel[] };
      if (flags.json) return printJson(body);
      printTable(
        ['MODEL', 'TYPE', 'PARAMS', 'QUANT', 'SIZE', 'CONTEXT', 'LOADED'],
        body.models.map((model) => [
          model.key,
          model.type,
          model.params_string ?? '-',
          model.quantization?.name ?? '-',
          formatBytes(model.size_bytes),
          String(model.max_context_length),
          model.loaded_instances.length > 0 ? 'yes' : 'no',
        ]),
      );
    });
}

function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
