import { z } from 'zod';
import { LOG_LEVELS } from '../telemetry/logger.ts';

const port = z.int().min(0).max(65535);
const name = z.string().min(1).max(256);

/**
 * Everything that can be configured, with its default. Paths are absolute or relative to where the server starts.
 * The same keys stand in `config.json`; the environment and the flags override some of them.
 */
export const configSchema = z.strictObject({
  /** The address to listen on. */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 takes any free port. */
  port: port.default(1234),
  /** Tokens, conversations and keys are kept here; made with mode 0700. */
  data: z.string().min(1),
  /** Holds `<publisher>/<name>.gguf`. Default: `models` in the data folder. */
  models: z.string().min(1),
  /** The mcp.json. Default: `mcp.json` in the data folder, if there is one. */
  mcp: z.string().min(1).optional(),
  /** Require a token of every caller. */
  auth: z.boolean().default(true),
  /** Accept that everybody who reaches the address may use the server. */
  allowUnauthenticatedNetwork: z.boolean().default(false),
  /** Other names for models: name → key. */
  aliases: z.record(name, name).default({}),
  /** How models sample when a request does not say: model key, or `*` for all others → settings. */
  sampling: z
    .record(
      name,
      z.strictObject({
        temperature: z.number().min(0).max(2).optional(),
        topP: z.number().min(0).max(1).optional(),
        topK: z.int().min(0).max(1_000_000).optional(),
        minP: z.number().min(0).max(1).optional(),
        repeatPenalty: z.number().min(0.01).max(10).optional(),
      }),
    )
    .default({}),
  /** A grant that every request must satisfy, whatever its token says. */
  policy: z.record(z.string(), z.unknown()).optional(),
  /** Names, beside the machine's own, that the Host header may have. */
  allowedHosts: z.array(name).max(256).default([]),
  /** Origins of web pages that may use the API from a browser. */
  allowedOrigins: z.array(name).max(256).default([]),
  engine: z
    .strictObject({
      /** Tokens of context for each request, as far as the model goes. */
      contextLength: z.int().min(16).max(100_000_000).default(4096),
      /** How many requests a model serves at once. */
      parallel: z.int().min(1).max(256).default(4),
      /** CPU threads; default: one less than there are cores. */
      threads: z.int().min(1).max(1024).optional(),
      gpu: z.enum(['auto', 'off']).default('auto'),
      /** A model that nobody uses is unloaded after so many minutes. */
      idleMinutes: z.number().min(0.01).max(10_000).default(60),
      /** Loading a model unloads the others as soon as they are idle. */
      keepOnlyLast: z.boolean().default(true),
    })
    .prefault({}),
  limits: z
    .strictObject({
      bodyBytes: z.int().min(1024).max(1_073_741_824).default(33_554_432),
      /** Rounds of tool calls in one chat. */
      toolRounds: z.int().min(1).max(1000).default(8),
      /** Tool calls in one chat. */
      toolCalls: z.int().min(1).max(10_000).default(32),
      /** How long a tool may be silent; one that reports its progress may take five times as long in all. */
      toolSeconds: z.number().min(0.1).max(86_400).default(60),
      /** How long running requests may go on when the server is told to stop. */
      shutdownSeconds: z.number().min(0).max(3600).default(10),
    })
    .prefault({}),
  log: z.enum(LOG_LEVELS).default('info'),
});

/** A complete configuration. */
export type ServerConfig = z.output<typeof configSchema>;
/** What may be written: everything but `data` and `models` has a default. */
export type ServerConfigInput = z.input<typeof configSchema>;
