import type { EngineCommand, EngineReport, TransportedError } from '../protocol.ts';
import { describeBackend } from './describe-backend.ts';
import { describeFile } from './describe-file.ts';
import { EmbeddingHost } from './embedding-host.ts';
import { EmbeddingModel } from './embedding-model.ts';
import { GenerationHost } from './generation-host.ts';
import { LoadFailure } from './load-failure.ts';
import { openModelFile } from './model-file.ts';
import { prepareNativeModel } from './native-model.ts';
import { guardAgainst } from './parent-guard.ts';
import { PromptThread } from './prompt-thread.ts';

/** How long llama.cpp may take to free its memory when the server's process disconnects. */
const GOODBYE_MILLISECONDS = 3000;

/** The index of the last argument, which is the id of the server's process. */
const PARENT_ARGUMENT = 4;

/** How long the probes of a template may take while files are described. */
const PROBE_MILLISECONDS = 5000;

function report(message: EngineReport): void {
  if (process.connected) process.send?.(message);
}

guardAgainst(Number(process.argv[PARENT_ARGUMENT]));

let host: GenerationHost | undefined;
let embeddings: EmbeddingHost | undefined;

async function load(options: Extract<EngineCommand, { type: 'load' }>['options']): Promise<void> {
  try {
    const opened = await openModelFile(options, (progress) => report({ type: 'load.progress', progress }));
    const { device, embeds } = opened;
    let contextLength: number;
    if (embeds) {
      const model = await EmbeddingModel.load(opened, options);
      embeddings = new EmbeddingHost(model, report);
      ({ contextLength } = model);
    } else {
      const model = await prepareNativeModel(opened, options);
      host = new GenerationHost(model, report);
      ({ contextLength } = model);
    }
    report({ type: 'load.end', device, contextLength, embeds });
  } catch (error) {
    report({ type: 'load.failed', error: toTransported(error) });
  }
}

async function answerBackend(gpu: Extract<EngineCommand, { type: 'backend' }>['gpu']): Promise<void> {
  report({ type: 'backend', outcome: await describeBackend(gpu).catch(toTransported) });
}

function toTransported(error: unknown): TransportedError {
  const failure = error instanceof LoadFailure ? error : new LoadFailure('The model could not be loaded.', error);
  return { code: failure.code, message: failure.message, detail: failure.detail };
}

async function describe(paths: readonly string[]): Promise<void> {
  const templates = new PromptThread(PROBE_MILLISECONDS);
  for (const [index, path] of paths.entries()) {
    report({ type: 'description', index, description: await describeFile(path, templates) });
  }
}

process.on('message', (command: EngineCommand) => {
  if (command.type === 'load') void load(command.options);
  else if (command.type === 'describe') void describe(command.paths);
  else if (command.type === 'generate') void host?.run(command.id, command.request);
  else if (command.type === 'count') void host?.count(command.id, command.request);
  else if (command.type === 'read') void host?.read(command.id, command.request);
  else if (command.type === 'decide') void host?.decide(command.id, command.request);
  else if (command.type === 'count-decision') void host?.countDecision(command.id, command.request);
  else if (command.type === 'embed') void embeddings?.embed(command.id, command.request);
  else if (command.type === 'count-inputs') void embeddings?.count(command.id, command.request);
  else if (command.type === 'backend') void answerBackend(command.gpu);
  else if (command.type === 'ask') report({ type: 'alive' });
  else (host ?? embeddings)?.abort(command.id);
});

// The channel closes when the model is unloaded, and when the server's process ends for any reason.
process.on('disconnect', () => {
  setTimeout(() => process.exit(0), GOODBYE_MILLISECONDS).unref();
  void Promise.resolve((host ?? embeddings)?.dispose()).finally(() => process.exit(0));
});
