import type { Grant } from '@latchkey/auth-core/llm';
import { makeModelsFolder, TINY_EMBEDDING } from '../support/embedding-models.ts';
import { recording } from '../support/mcp-servers.ts';
import { isRunning } from '../support/processes.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { hostilities, type Target } from './callers.ts';
import { memoryOf, observe, percentile99 } from './observe.ts';
import { Random } from './random.ts';
import { Report } from './report.ts';
import { send } from './send.ts';

export interface AttackOptions {
  readonly seed: number;
  readonly milliseconds: number;
  /** Called every second. */
  onProgress?(sent: number, fraction: number): void;
}

/** The effect of an attack on a server and on its other callers. */
export interface Outcome {
  readonly report: Report;
  /** The 99th percentile of `GET /health` under attack, and of an idle server on the same machine. */
  readonly healthMilliseconds: number;
  readonly machineMilliseconds: number;
  /** The longest silence within a stream of a bystander, and the longest that the machine alone has caused. */
  readonly longestGapMilliseconds: number;
  readonly longestMachineGapMilliseconds: number;
  readonly bystanderStreams: number;
  readonly brokenStreams: readonly string[];
  /** The most memory of the server and its models together, in bytes; 0 where the system does not report it. */
  readonly memoryBytes: number;
  /** Whether the process that answers is still the one that was started. */
  readonly survived: boolean;
  /** How many places of the model are free afterwards: concurrent requests of one token that are answered. */
  readonly freePlaces: number;
  /** How many concurrent requests a hostile token with a limit of two could make afterwards. */
  readonly concurrent: number;
  /** The tokens that an honest caller used, by the usage report and by its answers. */
  readonly counted: { readonly usage: number; readonly answers: number };
  /** The tokens that a hostile caller with a budget used, by the usage report, and its budget. */
  readonly budget: { readonly used: number; readonly limit: number };
}

const PLACES = 4;
/** Concurrent requests of each caller. */
const AT_ONCE = 2;
const BUDGET = 20_000;
/** Hostile callers may use both models. */
const EMBEDDING: Grant = { actions: ['chat', 'models:read', 'embeddings'], models: [NANO, TINY_EMBEDDING] };

/** Starts a server and attacks it with everything that a caller without rights can send. */
export async function attack({ seed, milliseconds, onProgress }: AttackOptions): Promise<Outcome> {
  using folder = createTemporaryFolder();
  await using server = await startServer({
    config: { engine: { parallel: PLACES }, models: makeModelsFolder(folder.path) },
    mcpServers: { notes: recording(`${folder.path}/calls.jsonl`) },
  });
  const low = await createToken(server, 'low', { ...withTools({ 'mcp/notes': { echo: {} } }), ...EMBEDDING });
  const powerless = await createToken(server, 'powerless', { actions: [] });
  const bystander = await createToken(server, 'bystander', CHAT_GRANT);
  const honest = await createToken(server, 'honest', CHAT_GRANT);
  const limited = async (name: string, limits: NonNullable<Grant['limits']>): Promise<HeldToken> =>
    createToken(server, name, { ...CHAT_GRANT, ...EMBEDDING, limits });
  const twoAtOnce = await limited('two at once', { concurrentRequests: 2 });
  const budgeted = await limited('budgeted', { tokensPerDay: BUDGET });
  // The model is loaded before the observation begins.
  await bystander.chat({ input: 'Hello' });

  const report = new Report();
  using observer = observe({ url: server.url, token: bystander.token, model: NANO });
  const end = performance.now() + milliseconds;
  let [memoryBytes, answered] = [0, 0];
  const clock = setInterval(() => {
    memoryBytes = Math.max(memoryBytes, memoryOf(server.pid) ?? 0);
    onProgress?.(report.sent, 1 - Math.max(0, end - performance.now()) / milliseconds);
  }, 1000);
  try {
    const callers = [low.token, powerless.token, undefined, twoAtOnce.token, budgeted.token];
    const lanes = callers.flatMap((token, caller) =>
      Array.from({ length: AT_ONCE }, (_, lane) => {
        const target = {
          ...{ model: NANO, embeddingModel: TINY_EMBEDDING },
          ...{ server: 'mcp/notes', tool: 'echo', token },
        };
        return run(server.url, target, new Random(seed + caller * 64 + lane), report, end);
      }),
    );
    [answered] = await Promise.all([chatUntil(honest, end), ...lanes]);
  } finally {
    clearInterval(clock);
  }
  const seen = await observer.seen();
  return {
    report,
    healthMilliseconds: percentile99(seen.health),
    machineMilliseconds: percentile99(seen.machine),
    longestGapMilliseconds: seen.longestGap,
    longestMachineGapMilliseconds: seen.longestMachineGap,
    bystanderStreams: seen.streams,
    brokenStreams: seen.broken,
    memoryBytes,
    ...(await placesAfterwards(server, bystander, twoAtOnce)),
    counted: { usage: await usageOf(server, honest), answers: answered },
    budget: { used: await usageOf(server, budgeted), limit: BUDGET },
  };
}

/** One lane: a request, its answer, the next request. The kinds take turns, so that each of them is used. */
async function run(url: string, target: Target, random: Random, report: Report, end: number): Promise<void> {
  for (let turn = random.between(0, hostilities.length - 1); performance.now() < end; turn += 1) {
    const hostility = hostilities[turn % hostilities.length];
    if (hostility === undefined) return;
    const request = await hostility.make(random, target);
    const startedAt = performance.now();
    let outcome: number | string;
    try {
      outcome = await send(url, request);
    } catch {
      // A header that Node itself does not send.
      continue;
    }
    const what = `${request.method} ${request.path.slice(0, 80)} ${String(request.body ?? '').slice(0, 200)}`;
    report.answered(hostility.kind, outcome, performance.now() - startedAt, what);
  }
}

/** Chats normally until the time is over. Resolves to the number of used tokens, by its answers. */
async function chatUntil(honest: HeldToken, end: number): Promise<number> {
  let used = 0;
  while (performance.now() < end) {
    const { status, body } = await honest.chat({ input: 'Hello', max_output_tokens: 20 });
    if (status === 200) used += body.stats.input_tokens + body.stats.total_output_tokens;
  }
  return used;
}

async function usageOf(server: TestServer, { id }: HeldToken): Promise<number> {
  const { body } = await server.admin.get(`/api/v1/usage?token=${id}`);
  return body.totals.inputTokens + body.totals.outputTokens;
}

type Afterwards = Pick<Outcome, 'survived' | 'freePlaces' | 'concurrent'>;

/** Whether every place is free again, in the process that was started. */
async function placesAfterwards(server: TestServer, bystander: HeldToken, two: HeldToken): Promise<Afterwards> {
  const chats = (caller: HeldToken, count: number): Promise<number> =>
    Promise.all(Array.from({ length: count }, () => caller.chat({ input: 'Hello', max_output_tokens: 10 }))).then(
      (answers) => answers.filter(({ status }) => status === 200).length,
    );
  return {
    freePlaces: await chats(bystander, PLACES),
    concurrent: await chats(two, 2),
    survived: (await server.admin.get('/health')).status === 200 && isRunning(server.pid),
  };
}
