import type { Command } from 'commander';
import { formatBytes } from '../doctor/format-bytes.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { describeUnusable, type UnusableModel } from './describe-unusable.ts';
import { print, printJson, printTable, remark } from './print.ts';
import { addVerifyModelsCommand } from './verify-models.ts';

interface ListedModel {
  readonly key: string;
  readonly type: string;
  readonly params_string: string | null;
  readonly quantization: { readonly name: string | null } | null;
  readonly size_bytes: number | null;
  readonly max_context_length: number;
  readonly loaded_instances: readonly unknown[];
}

interface Listing {
  readonly models: readonly ListedModel[];
  readonly aliases?: Readonly<Record<string, string>>;
  readonly unreadable?: readonly UnusableModel[];
  readonly template_faults?: readonly { readonly key: string; readonly reason: string }[];
}

const WHERE_MODELS_GO =
  'The server has no model that your token may use. Models are files MODELS/<publisher>/<name>.gguf; MODELS is DATA/models, or ' +
  "what 'latchkey serve --models' names: --models ~/.lmstudio/models takes those of LM Studio.";

/** `latchkey models`. */
export function addModelsCommand(program: Command): void {
  const command = program.command('models').description('list the models that your token may use');
  addVerifyModelsCommand(command);
  addConnectionOptions(command)
    .option('--json', 'print JSON')
    .action(async (flags: ConnectionFlags & { json?: boolean }) => {
      const response = await connect(flags, process.env).request('GET', '/api/v1/models');
      const body = (await response.json()) as Listing;
      if (flags.json) return printJson(body);
      const { models, aliases = {}, unreadable = [], template_faults: faults = [] } = body;
      printTable(
        ['MODEL', 'TYPE', 'PARAMS', 'QUANT', 'SIZE', 'CONTEXT', 'LOADED'],
        models.map((model) => [
          model.key,
          model.type,
          model.params_string ?? '-',
          model.quantization?.name ?? '-',
          model.size_bytes === null ? '-' : formatBytes(model.size_bytes),
          String(model.max_context_length),
          model.loaded_instances.length > 0 ? 'yes' : 'no',
        ]),
      );
      if (models.length === 0) remark(WHERE_MODELS_GO);
      for (const [name, key] of Object.entries(aliases)) print(`${name} is ${key}`);
      for (const line of describeUnusable(unreadable)) remark(`warning: ${line}`);
      for (const { key, reason } of faults) remark(`warning: ${key}: ${reason}`);
    });
}
