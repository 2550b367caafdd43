import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** How long one turn of a model took. */
export interface TurnTimes {
  readonly model: string;
  /** From the request for a place until it had one. */
  readonly waitedSeconds: number;
  /** From its place to its end. */
  readonly seconds: number;
  /** From the start of the prompt's processing; absent when the turn did not come to its end. */
  readonly firstTokenSeconds?: number;
}

/** Usage, for counters. */
export interface CountedUse {
  readonly model: string;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly toolCalls: number;
}

/** A request that has been answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** The path of its route, such as `/api/v1/tokens/:id`. */
  readonly route: string;
  readonly status: number;
  /** Until the last byte of its answer. */
  readonly seconds: number;
}

/** Models in memory at the moment of a scrape. */
export type ReadLoaded = () => readonly { readonly key: string; readonly device: string }[];

/** The server's metrics for Prometheus. Labels have bounded values: never a token, an owner or a text. */
export interface Metrics {
  request(answered: AnsweredRequest): void;
  turn(times: TurnTimes): void;
  use(counts: CountedUse): void;
  /** The text format of Prometheus, with its media type; https://prometheus.io/docs/instrumenting/exposition_formats/. */
  render(loaded: ReadLoaded): Promise<{ readonly type: string; readonly text: string }>;
}

/** From a hundredth of a second to ten minutes: a request may load a model, and a turn may be long. */
const SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 600];

/** Creates the metrics of one server, with those of its process and of Node. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const count = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `latchkey_${name}`, help, labelNames: [...labelNames], registers });
  const duration = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Histogram({ name: `latchkey_${name}`, help, labelNames: [...labelNames], buckets: SECONDS, registers });

  const requests = count('requests_total', 'Requests that were answered.', ['method', 'route', 'status']);
  const requestSeconds = duration('request_seconds', 'Time until the last byte of an answer.', ['route']);
  const chats = count('chat_requests_total', 'Requests that a model began to answer.', ['model']);
  const tokens = count('tokens_total', 'Tokens of prompts and answers.', ['model', 'direction']);
  const toolCalls = count('tool_calls_total', 'Tool calls that were made; those over /mcp as model "mcp".', ['model']);
  const queueSeconds = duration('queue_seconds', 'Time that a turn waited for a place.', ['model']);
  const firstTokenSeconds = duration('first_token_seconds', 'Time to the first token, without the queue.', ['model']);
  const turnSeconds = duration('turn_seconds', 'Time that a turn had its place.', ['model']);
  const loaded = new Gauge({
    name: 'latchkey_models_loaded',
    help: 'Models in memory.',
    labelNames: ['model', 'device'],
    registers,
  });

  return {
    request: ({ method, route, status, seconds }) => {
      requests.inc({ method, route, status });
      requestSeconds.observe({ route }, seconds);
    },
    turn: ({ model, waitedSeconds, seconds, firstTokenSeconds: first }) => {
      queueSeconds.observe({ model }, waitedSeconds);
      turnSeconds.observe({ model }, seconds);
      if (first !== undefined) firstTokenSeconds.observe({ model }, first);
    },
    use: (counts) => {
      const { model } = counts;
      if (counts.requests > 0) chats.inc({ model }, counts.requests);
      if (counts.inputTokens > 0) tokens.inc({ model, direction: 'input' }, counts.inputTokens);
      if (counts.outputTokens > 0) tokens.inc({ model, direction: 'output' }, counts.outputTokens);
      if (counts.toolCalls > 0) toolCalls.inc({ model }, counts.toolCalls);
    },
    render: async (read) => {
      loaded.reset();
      for (const { key, device } of read()) loaded.inc({ model: key, device });
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
