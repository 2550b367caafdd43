import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { parseDuration } from './parse-duration.ts';
import { print, printJson, printTable, remark } from './print.ts';
import { parseWholeNumber } from './whole-number.ts';

interface Instance {
  readonly id: string;
  readonly config: { readonly context_length: number; readonly parallel?: number };
  readonly draining?: boolean;
  readonly active_requests?: number;
}

interface LoadFlags extends ConnectionFlags {
  readonly contextLength?: string;
  readonly parallel?: string;
  readonly gpuLayers?: string;
  readonly batchSize?: string;
  readonly experts?: string;
  readonly flashAttention?: boolean;
  readonly keyCache?: string;
  readonly valueCache?: string;
  readonly ttl?: string;
  readonly json?: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** `latchkey ps`, `latchkey load` and `latchkey unload`: the models in memory. */
export function addInstanceCommands(program: Command): void {
  addConnectionOptions(program.command('ps').description('list the models in memory'))
    .option('--json', 'print JSON')
    .action(async (flags: ConnectionFlags & { json?: boolean }) => {
      const instances = await listInstances(flags);
      if (flags.json) return printJson({ instances });
      if (instances.length === 0) return remark('No model is in memory. A request loads its model.');
      printTable(
        ['INSTANCE', 'CONTEXT', 'PARALLEL', 'REQUESTS', 'STATE'],
        instances.map(({ id, config, draining, active_requests: requests }) => [
          id,
          String(config.context_length),
          String(config.parallel ?? '-'),
          String(requests ?? '-'),
          draining ? 'unloads when they end' : 'ready',
        ]),
      );
    });

  addConnectionOptions(program.command('load <model>').description('load an instance of a model, until it is unloaded'))
    .option('--context-length <tokens>', 'tokens of context for each request')
    .option('--parallel <count>', 'requests that it serves at once')
    .option('--gpu-layers <count>', 'layers that the GPU computes; as many as fit by default')
    .option('--batch-size <tokens>', 'tokens of prompts that are computed in one step')
    .option('--experts <count>', 'experts that a token uses, for a mixture of experts')
    .option('--flash-attention', 'use flash attention')
    .option('--no-flash-attention', 'do not use flash attention')
    .option('--key-cache <type>', 'the number format of cached keys, such as q8_0')
    .option('--value-cache <type>', 'the number format of cached values')
    .option('--ttl <time>', 'unload it when it was not used for this time, such as 30m')
    .option('--json', 'print JSON')
    .action(async (model: string, flags: LoadFlags) => {
      const body = { model, echo_load_config: true, ...readSettings(flags) };
      const response = await connect(flags, process.env).request('POST', '/api/v1/models/load', body);
      const loaded = (await response.json()) as Json;
      if (flags.json) return printJson(loaded);
      const seconds = Number(loaded.load_time_seconds).toFixed(1);
      print(`Loaded ${String(loaded.instance_id)} in ${seconds} seconds.`);
    });

  addConnectionOptions(
    program.command('unload [instances...]').description('unload instances, when their requests have ended'),
  )
    .option('--all', 'unload every instance that your token may see')
    .option('--json', 'print JSON')
    .action(async (ids: readonly string[], flags: ConnectionFlags & { all?: boolean; json?: boolean }) => {
      if (flags.all !== true && ids.length === 0) {
        throw new CommandError("Say which: latchkey unload INSTANCE. 'latchkey ps' lists them; --all takes every one.");
      }
      const chosen = flags.all ? (await listInstances(flags)).map(({ id }) => id) : ids;
      const client = connect(flags, process.env);
      for (const id of chosen) {
        await client.request('POST', '/api/v1/models/unload', { instance_id: id });
        if (!flags.json) print(`Unloaded ${id}.`);
      }
      if (flags.json) printJson({ unloaded: chosen });
    });
}

async function listInstances(flags: ConnectionFlags): Promise<readonly Instance[]> {
  const response = await connect(flags, process.env).request('GET', '/api/v1/models');
  const { models } = (await response.json()) as {
    readonly models: readonly { readonly loaded_instances: readonly Instance[] }[];
  };
  return models.flatMap(({ loaded_instances: instances }) => instances);
}

function readSettings(flags: LoadFlags): Json {
  const { contextLength, parallel, gpuLayers, batchSize, experts, flashAttention, keyCache, valueCache, ttl } = flags;
  const counts = {
    context_length: ['--context-length', contextLength],
    parallel: ['--parallel', parallel],
    gpu_layers: ['--gpu-layers', gpuLayers],
    eval_batch_size: ['--batch-size', batchSize],
    num_experts: ['--experts', experts],
  } as const;
  return {
    ...Object.fromEntries(
      Object.entries(counts).flatMap(([name, [flag, text]]) =>
        text === undefined ? [] : [[name, parseWholeNumber(flag, text)]],
      ),
    ),
    ...(flashAttention === undefined ? {} : { flash_attention: flashAttention }),
    ...(keyCache === undefined ? {} : { key_cache: keyCache }),
    ...(valueCache === undefined ? {} : { value_cache: valueCache }),
    ...(ttl === undefined ? {} : { ttl: parseDuration(ttl) / 1000 }),
  };
}
