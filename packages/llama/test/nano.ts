import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  EngineEvent,
  GenerateRequest,
  InferenceEngine,
  LoadedModel,
  Model,
  OpenOptions,
  ToolDefinition,
} from '@latchkey/engine';
import { GgufModel } from '../src/folder/gguf-model.ts';
import { createLlamaEngine, type LlamaEngineOptions } from '../src/index.ts';
import { InTurn } from './in-turn.ts';

/** The model that the tests run: small, real, and in the repository. */
export const NANO = fileURLToPath(new URL('../../../models/latchkey/nano.gguf', import.meta.url));

export const NEVER = new AbortController().signal;

export const DOCUMENTATION_TOOLS: readonly ToolDefinition[] = [
  {
    name: 'fetch_tiktoken_documentation',
    description: 'Fetch the tiktoken documentation',
    parameters: { type: 'object', properties: {} },
  },
  {
    name: 'search_tiktoken_documentation',
    description: 'Search the tiktoken documentation',
    parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
  },
];

/** An engine on one thread of the processor. */
export const newEngine = (options: Partial<LlamaEngineOptions> = {}): InferenceEngine =>
  createLlamaEngine({ folder: dirname(dirname(NANO)), gpu: 'off', threads: 1, ...options });

/** A file as a model, whatever is in it. */
export const modelAt = (path: string): Model =>
  new GgufModel(
    {
      key: 'latchkey/nano',
      names: [],
      publisher: 'latchkey',
      name: 'nano',
      path,
      sizeBytes: 1,
      modifiedAt: 0,
      version: '1',
      stamp: '1',
    },
    new Error('it was not looked at'),
  );

/** Nano, or the file at `path`, with a queue in front of it. */
export async function loadNano(
  engine: InferenceEngine,
  { path = NANO, ...options }: Partial<OpenOptions> & { readonly path?: string } = {},
): Promise<LoadedModel> {
  return new InTurn(await engine.open(modelAt(path), { contextLength: 2048, parallel: 1, ...options }, NEVER));
}

/** A greedy request for an answer to one question. */
export function asking(question: string, request: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    messages: [{ role: 'user', content: [{ type: 'text', text: question }] }],
    tools: [],
    toolChoice: 'auto',
    sampling: { temperature: 0 },
    stop: [],
    cacheScope: 'test',
    share: { key: 'test', weight: 1 },
    ...request,
  };
}

/** Something that keeps the model busy: it writes numbers without end. */
export function askingForEndlessText(request: Partial<GenerateRequest> = {}): GenerateRequest {
  return asking('Hello', {
    responseSchema: { type: 'array', items: { enum: [1, 2, 3] }, minItems: 200 },
    ...request,
  });
}

export async function collect(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const all: EngineEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export function messageOf(events: readonly EngineEvent[]): string {
  return events.map((event) => (event.type === 'message.delta' ? event.text : '')).join('');
}

export function finishOf(events: readonly EngineEvent[]): Extract<EngineEvent, { type: 'finish' }> {
  const last = events.at(-1);
  if (last?.type !== 'finish') throw new Error(`the turn ended with ${last?.type ?? 'nothing'}`);
  return last;
}
