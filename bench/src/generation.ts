import { availableParallelism } from 'node:os';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { getLlama, type LlamaContext, type LlamaModel } from 'node-llama-cpp';
import { writeEndlessModel } from './endless-model.ts';
import { type BenchServer, startServer } from './start-server.ts';
import { median, type Row } from './table.ts';

/** A short answer, in which the overhead per request counts most, and a long one. */
const LENGTHS = [200, 1000];
const REPEATS = 5;
const question = 'What is the weather in Oslo?';
/** The question as the model's chat template renders it. */
const prompt = `<|im_start|>user\n${question}<|im_on_|>\n<|im_start|>assistant\n`;
const greedy = { temperature: 0, topK: 0, topP: 1 } as const;

interface Load {
  readonly streams: number;
  /** How many tokens each stream generates. */
  readonly tokens: number;
}

interface Measure {
  readonly tokensPerSecond: number;
  readonly firstTokenMilliseconds: number;
}

/**
 * Tokens per second and time to the first one: our HTTP API against the same model driven by node-llama-cpp directly,
 * by turns in one run, with the same threads, context and greedy sampling.
 */
export async function measureGeneration(): Promise<readonly Row[]> {
  const model = writeEndlessModel();
  const threads = Math.max(1, availableParallelism() - 1);
  await using server = await startServer(model.folder);
  await using llama = await getLlama({ build: 'never', gpu: 'auto', maxThreads: threads });
  const native = await llama.loadModel({ modelPath: model.path });
  const context = await native.createContext({ contextSize: 2048, sequences: 4, threads });

  const rows: Row[] = [];
  for (const [streams, tokens] of [1, 4].flatMap((count) => LENGTHS.map((length) => [count, length] as const))) {
    const load = { streams, tokens };
    const ours: Measure[] = [];
    const theirs: Measure[] = [];
    await direct(native, context, load);
    await streamOver(server, model.key, load);
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      theirs.push(await direct(native, context, load));
      ours.push(await streamOver(server, model.key, load));
    }
    const what = `${streams} stream${streams > 1 ? 's' : ''} of ${tokens}`;
    rows.push(compare(`tokens/s, ${what}`, ours, theirs, 'tokensPerSecond'));
    if (rows.length === 1) rows.push(compare('ms to the first token', ours, theirs, 'firstTokenMilliseconds'));
  }
  return rows;
}

function compare(what: string, ours: readonly Measure[], theirs: readonly Measure[], key: keyof Measure): Row {
  const [value, baseline] = [ours, theirs].map((measures) => median(measures.map((measure) => measure[key])));
  return { what, ours: value ?? 0, baseline: baseline ?? 0, against: 'node-llama-cpp, directly' };
}

async function direct(model: LlamaModel, context: LlamaContext, { streams, tokens }: Load): Promise<Measure> {
  const startedAt = performance.now();
  const firsts = await Promise.all(
    Array.from({ length: streams }, async () => {
      const sequence = context.getSequence();
      let first = 0;
      let count = 0;
      let last: number[] = [];
      for await (const token of sequence.evaluate(model.tokenize(prompt, true), { ...greedy, seed: 1 })) {
        // A program that uses the library directly needs the text as well.
        model.detokenize([token], false, last as never);
        last = [token];
        if (count === 0) first = performance.now() - startedAt;
        count += 1;
        if (count === tokens) break;
      }
      await sequence.dispose();
      return first;
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  return { tokensPerSecond: (streams * tokens) / seconds, firstTokenMilliseconds: median(firsts) };
}

/** Tokens per second, and milliseconds to the first one, of streams of a server's chat API. */
export async function streamOver(server: BenchServer, model: string, { streams, tokens }: Load): Promise<Measure> {
  const startedAt = performance.now();
  const firsts = await Promise.all(Array.from({ length: streams }, () => streamOnce(server, model, tokens, startedAt)));
  const seconds = (performance.now() - startedAt) / 1000;
  return { tokensPerSecond: (streams * tokens) / seconds, firstTokenMilliseconds: median(firsts) };
}

async function streamOnce(
  { url, token }: BenchServer,
  model: string,
  tokens: number,
  startedAt: number,
): Promise<number> {
  const response = await fetch(`${url}/api/v1/chat`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model,
      input: question,
      stream: true,
      store: false,
      temperature: 0,
      max_output_tokens: tokens,
    }),
  });
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status} ${await response.text()}`);
  let first = 0;
  let generated = 0;
  for await (const { event, data } of response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())) {
    if (event === 'message.delta' && first === 0) first = performance.now() - startedAt;
    if (event === 'error') throw new Error(data);
    if (event === 'chat.end') generated = (JSON.parse(data) as End).result.stats.total_output_tokens;
  }
  if (generated !== tokens) throw new Error(`The server generated ${generated} tokens, not ${tokens}.`);
  return first;
}

interface End {
  readonly result: { readonly stats: { readonly total_output_tokens: number } };
}
