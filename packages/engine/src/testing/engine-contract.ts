import type { Embedder, EmbeddingInput, EmbedRequest } from '../embedding.ts';
import type { EngineEvent, GenerateRequest } from '../generation.ts';
import type { LoadedModel } from '../inference-engine.ts';
import {
  type Check,
  CONTEXT,
  demand,
  demandFails,
  demandRejects,
  type EngineSetup,
  NEVER,
  open,
} from './contract-demands.ts';
import { decisionCases } from './decision-cases.ts';

/** One requirement for every engine. It throws when the engine does not meet it. */
export interface EngineContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/**
 * The requirements for every engine, as data that any test framework can run. Each case has its own engine.
 *
 * @example
 * ```ts
 * import { engineContract, ScriptedEngine, answersInWords, countWords } from '@latchkey/engine/testing';
 *
 * const cases = engineContract(async () => {
 *   const engine = new ScriptedEngine();
 *   engine.otherwise = answersInWords;
 *   engine.countPrompt = countWords;
 *   return { engine, key: 'ibm/granite', [Symbol.asyncDispose]: async () => undefined };
 * });
 * for (const { run } of cases) await run(); // or: for (const { name, run } of cases) it(name, run);
 * ```
 */
export function engineContract(setUp: () => Promise<EngineSetup>): readonly EngineContractCase[] {
  return Object.entries(CASES).map(([name, check]) => ({
    name,
    run: async () => {
      await using setup = await setUp();
      await check(setup);
    },
  }));
}

const CASES: Readonly<Record<string, Check>> = {
  'lists its models, finds each by its key, and nothing else': async ({ engine, key }) => {
    const listed = (await Promise.all(engine.sources.map((source) => source.list()))).flat();
    demand(
      listed.some((model) => model.key === key),
      `the list has ${key}`,
    );
    for (const source of engine.sources) {
      demand((await source.find('no/such-model')) === undefined, 'a key that no model has finds none');
      demand((await source.find('__proto__')) === undefined, 'a name that every object has finds none');
    }
  },

  'opens a model as it was asked to': async (setup) => {
    await using model = await open(setup, 2);
    demand(model.parallel === 2, `it runs 2 turns at once, not ${model.parallel}`);
    demand(model.contextLength > 0 && model.contextLength <= CONTEXT, `its context is ${model.contextLength} tokens`);
  },

  'opens nothing for a caller that has left': async (setup) => {
    const left = new Error('the caller has left');
    await demandRejects(open(setup, 1, AbortSignal.abort(left)), (error) => error === left, "the signal's reason");
  },

  'takes the prompt, then speaks, then finishes once, with its count': async (setup) => {
    await using model = await open(setup);
    const events = await collect(model.generate(asking('Hello'), NEVER));
    demand(events[0]?.type === 'prompt.progress', `prompt.progress comes first, not ${events[0]?.type}`);
    demand(textOf(events) !== '', 'the answer has text');
    const ends = events.filter(({ type }) => type === 'finish' || type === 'interrupted');
    demand(ends.length === 1 && events.at(-1) === ends[0], 'one finish comes last');
    const { usage } = finishOf(events);
    demand(usage.promptTokens > 0 && usage.outputTokens > 0, `prompt and answer are counted: ${JSON.stringify(usage)}`);
    demand(usage.cachedTokens <= usage.promptTokens, 'no more is found in the cache than the prompt has');
  },

  'ends with length when the answer is as long as it may be': async (setup) => {
    await using model = await open(setup);
    const { reason, usage } = finishOf(await collect(model.generate(asking('Hello', { maxOutputTokens: 1 }), NEVER)));
    demand(reason === 'length', `the reason is length, not ${reason}`);
    demand(usage.outputTokens <= 1, `one token was generated, not ${usage.outputTokens}`);
  },

  'ends before a stop string, and says which it was where it can': async (setup) => {
    await using model = await open(setup);
    const text = textOf(await collect(model.generate(asking('Hello'), NEVER)));
    const stop = text.slice(2, 4);
    const events = await collect(model.generate(asking('Hello', { stop: ['never said', stop] }), NEVER));
    const { reason, stopString } = finishOf(events);
    demand(textOf(events) === text.slice(0, text.indexOf(stop)), `the answer ends before "${stop}"`);
    demand(reason === 'stop_string' || reason === 'stop', `the reason is a stop, not ${reason}`);
    demand(reason === 'stop' || stopString === stop, `it names "${stop}", not "${stopString}"`);
  },

  'refuses a conversation that does not fit': async (setup) => {
    await using model = await open(setup);
    const long = asking('word '.repeat(model.contextLength * 2));
    await demandFails(collect(model.generate(long, NEVER)), 'CONTEXT_EXCEEDED');
  },

  'says nothing but its count when the caller has left': async (setup) => {
    await using model = await open(setup);
    const leaving = new AbortController();
    const after: EngineEvent[] = [];
    for await (const event of model.generate(asking('Hello'), leaving.signal)) {
      if (leaving.signal.aborted) after.push(event);
      if (event.type === 'message.delta') leaving.abort(new Error('the caller has left'));
    }
    const types = after.map(({ type }) => type);
    demand(
      types.length <= 1 && types.every((type) => type === 'interrupted' || type === 'finish'),
      `nothing but the count follows, not ${types.join(', ')}`,
    );
    const never = await collect(model.generate(asking('Hello'), AbortSignal.abort()));
    demand(never.length === 0, 'a turn whose caller has left does not begin');
  },

  'has its place free again when a turn is over, or was left': async (setup) => {
    await using model = await open(setup, 1);
    for await (const event of model.generate(asking('Hello'), NEVER)) if (event.type === 'message.delta') break;
    await collect(model.generate(asking('Hello'), NEVER));
    await collect(model.generate(asking('Hello'), NEVER));
  },

  'refuses a turn beyond those that it runs at once': async (setup) => {
    await using model = await open(setup, 1);
    const running = model.generate(asking('Hello'), NEVER)[Symbol.asyncIterator]();
    await running.next();
    await demandFails(collect(model.generate(asking('Hello'), NEVER)), 'OVERLOADED');
    await running.return?.();
  },

  'counts a prompt, as its turn does where it says so': async (setup) => {
    await using model = await open(setup);
    const [short, long] = [asking('Hello'), asking('Hello there, this is a much longer question than the one before.')];
    const counted = await model.countPrompt(short, NEVER);
    demand(counted > 0, 'a prompt has tokens');
    demand((await model.countPrompt(long, NEVER)) > counted, 'a longer prompt has more');
    if (model.capabilities.tokenCounting === 'exact') {
      const { usage } = finishOf(await collect(model.generate(short, NEVER)));
      demand(usage.promptTokens === counted, `the turn counts ${usage.promptTokens}, not ${counted}`);
    }
    const left = new Error('the caller has left');
    const leaving = model.countPrompt(short, AbortSignal.abort(left));
    await demandRejects(leaving, (error) => error === left, "the signal's reason");
  },

  'reads a prompt as it counts it, where it shows its prompts': async (setup) => {
    await using model = await open(setup);
    if (model.readPrompt === undefined) return;
    const asked = asking('Hello there');
    const { text, tokens } = await model.readPrompt(asked, NEVER);
    demand(text.includes('Hello there'), 'the text of a prompt has what was said');
    demand(tokens.length === (await model.countPrompt(asked, NEVER)), 'it has the tokens that are counted');
    const endless = model.readPrompt(asking('Hello '.repeat(model.contextLength)), NEVER);
    await demandFails(endless, 'CONTEXT_EXCEEDED');
    const left = new Error('the caller has left');
    const leaving = model.readPrompt(asked, AbortSignal.abort(left));
    await demandRejects(leaving, (error) => error === left, "the signal's reason");
  },

  'shares no cached prompt between scopes, where it says so': async (setup) => {
    await using model = await open(setup);
    if (model.capabilities.cacheIsolation === 'none') return;
    for (const cacheScope of ['first', 'second']) {
      const { usage } = finishOf(await collect(model.generate(asking('Hello', { cacheScope }), NEVER)));
      demand(usage.cachedTokens === 0, `${usage.cachedTokens} tokens of another scope are found by the ${cacheScope}`);
    }
  },

  'has an embedder exactly where it says so': async (setup) => {
    await using model = await open(setup);
    demand(model.capabilities.embeddings === (model.embedder !== undefined), 'embeddings: true means an embedder');
  },

  'makes one vector of length 1 for each input, in order, and counts what it has read': async (setup) => {
    await using model = await openEmbedding(setup);
    if (model === undefined) return;
    const inputs = ['the cat sits', 'rain', 'the cat sits'];
    const { vectors, promptTokens } = await embedderOf(model).embed(embedding(inputs), NEVER);
    demand(vectors.length === inputs.length, `${inputs.length} inputs have ${vectors.length} vectors`);
    for (const vector of vectors) demand(Math.abs(Math.hypot(...vector) - 1) < 1e-3, 'a vector has the length 1');
    const [cat, rain, again] = vectors.map((vector) => Array.from(vector));
    demand(nearness(cat, again) > 0.999, 'the same text has the same vector');
    demand(nearness(cat, rain) < 0.999, 'another text has another vector');
    demand(promptTokens > 0, 'the inputs have tokens');
    const counted = await embedderOf(model).count(embedding(inputs), NEVER);
    const isExact = model.capabilities.tokenCounting === 'exact';
    demand(isExact ? counted === promptTokens : counted > 0, `${counted} are counted, ${promptTokens} are read`);
  },

  'refuses an input that does not fit, or cuts it': async (setup) => {
    await using model = await openEmbedding(setup);
    if (model === undefined) return;
    const long = ['cat '.repeat(model.contextLength * 2)];
    await demandFails(embedderOf(model).embed(embedding(long), NEVER), 'CONTEXT_EXCEEDED');
    const { vectors } = await embedderOf(model).embed({ ...embedding(long), tooLong: 'cut' }, NEVER);
    demand(vectors.length === 1, 'an input that was cut has a vector');
  },

  'makes no vector for a caller that has left': async (setup) => {
    await using model = await openEmbedding(setup);
    if (model === undefined) return;
    const left = AbortSignal.abort(new Error('the caller has left'));
    const { vectors, promptTokens } = await embedderOf(model).embed(embedding(['rain']), left);
    demand(vectors.length === 0 && promptTokens === 0, 'nothing is read');
  },

  ...decisionCases,

  'fails what runs on a model that is disposed, and reports no loss': async (setup) => {
    const model = await open(setup);
    let lost = false;
    using _hearing = model.onLost(() => {
      lost = true;
    });
    const events = model.generate(asking('Hello'), NEVER)[Symbol.asyncIterator]();
    await events.next();
    const rest = (async () => {
      while (!(await events.next()).done);
    })();
    const failed = demandFails(rest, 'MODEL_UNLOADED');
    await model[Symbol.asyncDispose]();
    await failed;
    demand(!lost, 'a model that was disposed is not lost');
  },
};

async function openEmbedding({ engine, embeddingKey }: EngineSetup): Promise<LoadedModel | undefined> {
  return embeddingKey === undefined ? undefined : open({ engine, key: embeddingKey });
}

function embedderOf({ embedder }: LoadedModel): Embedder {
  if (embedder === undefined) throw new Error('broken contract: a model that makes embeddings has an embedder');
  return embedder;
}

const embedding = (inputs: readonly EmbeddingInput[]): EmbedRequest => ({
  inputs,
  tooLong: 'refuse',
  share: { key: 'contract', weight: 1 },
});

const nearness = (one: readonly number[] = [], other: readonly number[] = []): number =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

function asking(question: string, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    messages: [{ role: 'user', content: [{ type: 'text', text: question }] }],
    tools: [],
    toolChoice: 'auto',
    sampling: { temperature: 0 },
    stop: [],
    cacheScope: 'contract',
    share: { key: 'contract', weight: 1 },
    ...changes,
  };
}

async function collect(events: AsyncIterable<EngineEvent>): Promise<readonly EngineEvent[]> {
  const all: EngineEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const textOf = (events: readonly EngineEvent[]): string =>
  events.map((event) => (event.type === 'message.delta' ? event.text : '')).join('');

function finishOf(events: readonly EngineEvent[]): Extract<EngineEvent, { type: 'finish' }> {
  const last = events.at(-1);
  if (last?.type !== 'finish') throw new Error(`a turn ends with finish, not with ${last?.type ?? 'nothing'}`);
  return last;
}
