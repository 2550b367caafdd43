import { isIP } from 'node:net';
import { isAddressRange } from '@latchkey/auth-core/http';
import { z } from 'zod';
import { dictionary, list } from '../input/bounded.ts';
import { LOG_LEVELS } from '../telemetry/logger.ts';
import { hostPattern, originPattern } from './name-patterns.ts';
import { upstreamsSchema } from './upstreams.ts';

/** Addresses are always taken. */
const isHost = (host: string): boolean => isIP(host) !== 0 || hostPattern(host) !== undefined;

const port = z.int().min(0).max(65535);
const name = z.string().min(1).max(256);
const days = z.int().min(1).max(36_500);

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
  /** A PostgreSQL database that servers share, `postgres://…`. Default: the SQLite file `latchkey.db` in the data folder. */
  database: z
    .string()
    .regex(/^postgres(ql)?:\/\/./, 'must be the URL of a PostgreSQL database such as postgres://user@host/name')
    .optional(),
  /** Holds `<publisher>/<name>.gguf`. Default: `models` in the data folder. */
  models: z.string().min(1),
  /** The mcp.json. Default: `mcp.json` in the data folder, if there is one. */
  mcp: z.string().min(1).optional(),
  /**
   * Definitions of MCP tools: `auto` approves the first list of a server and holds back what changes or is new later,
   * `explicit` holds back everything until it is approved, `off` holds back nothing.
   */
  mcpPins: z.enum(['auto', 'explicit', 'off']).default('auto'),
  /** What becomes of calls of `taintedCalls` once a tool labelled `untrusted` has answered in the same conversation. */
  taint: z.enum(['off', 'deny', 'ask']).default('off'),
  taintedCalls: list(z.enum(['egress', 'private']), 2).default(['egress']),
  /** Plugin id → tool → labels; `*` stands for any run of characters in both. */
  toolLabels: dictionary(
    dictionary(list(z.enum(['private', 'untrusted', 'egress']), 3), 4096, name),
    4096,
    name,
  ).default({}),
  /** Require a token of every caller. */
  auth: z.boolean().default(true),
  /** Accept that everybody who reaches the address may use the server. */
  allowUnauthenticatedNetwork: z.boolean().default(false),
  /** Other names for models: name → key. */
  aliases: dictionary(name, 4096, name).default({}),
  /** How models sample when a request does not say: model key, or `*` for all others → settings. */
  sampling: dictionary(
    z.strictObject({
      temperature: z.number().min(0).max(2).optional(),
      topP: z.number().min(0).max(1).optional(),
      topK: z.int().min(0).max(1_000_000).optional(),
      minP: z.number().min(0).max(1).optional(),
      repeatPenalty: z.number().min(0.01).max(10).optional(),
    }),
    4096,
    name,
  ).default({}),
  /** A grant that every request must satisfy, whatever its token says. */
  policy: dictionary(z.unknown(), 4096).optional(),
  /** Names, beside the machine's own, that the Host header may have. */
  allowedHosts: list(
    name.refine((host) => isHost(host), 'must be a host name without a port, *.example.com for all below it, or *'),
    256,
  ).default([]),
  /** Origins of web pages that may use the API from a browser. */
  allowedOrigins: list(
    name.refine(
      (origin) => originPattern(origin) !== undefined,
      'must be an origin as browsers send it (https://chat.example.com), http://localhost:*, https://*.example.com, or *',
    ),
    256,
  ).default([]),
  /** The URL that others reach this server by; it is the issuer of access tokens. Default: a name of no URL. */
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .max(200)
    .optional(),
  /** For the clients of `/mcp` that get their tokens by OAuth. */
  oauth: z
    .strictObject({
      /** The issuers of tokens that this server takes, told in the metadata of `/mcp` (RFC 9728); needs `publicUrl`. */
      authorizationServers: list(z.url({ protocol: /^https?$/ }).max(200), 16).default([]),
    })
    .prefault({}),
  /** Where the MCP servers may be that requests bring along, once the setting `allowEphemeralMcp` is on. */
  ephemeralMcp: z
    .strictObject({
      /** Host names; `*.example.com` stands for all below it, `*` for all. */
      allowedHosts: list(name, 1024).default(['*']),
      /** Host names, addresses and ranges that may be reached although they are not on the public internet. */
      allowPrivateHosts: list(
        name.refine(
          (entry) => !entry.includes('/') || isAddressRange(entry),
          'must be a host name, an IP address or a range such as 10.0.0.0/8',
        ),
        1024,
      ).default([]),
      /** Host names that may be reached without TLS. */
      allowHttpHosts: list(name, 1024).default([]),
    })
    .prefault({}),
  /** Take HTTP Basic as well, the password being the token, for reverse proxies that know nothing else. */
  basicAuthentication: z.boolean().default(false),
  /** The reverse proxies whose `X-Forwarded-For` is believed, as addresses or ranges. */
  trustedProxies: list(
    z.string().refine(isAddressRange, 'must be an IP address or a range such as 10.0.0.0/8'),
    256,
  ).default([]),
  engine: z
    .strictObject({
      /** Tokens of context for each request, as far as the model goes. */
      contextLength: z.int().min(16).max(100_000_000).default(4096),
      /** The most context that a request may ask for; default: what the model was trained for. */
      maxContextLength: z.int().min(16).max(100_000_000).optional(),
      /** How many requests a model serves at once. */
      parallel: z.int().min(1).max(256).default(4),
      /** How many requests may wait for a model; more are refused. */
      queue: z.int().min(1).max(10_000).default(64),
      /** CPU threads; default: one less than there are cores. */
      threads: z.int().min(1).max(1024).optional(),
      gpu: z.enum(['auto', 'off']).default('auto'),
      /** A model that nobody uses is unloaded after so many minutes. */
      idleMinutes: z.number().min(0.01).max(10_000).default(60),
      /** Loading a model unloads the others as soon as they are idle. */
      keepOnlyLast: z.boolean().default(true),
    })
    .prefault({}),
  /** Other servers whose models are served here: name → where they are. */
  upstreams: upstreamsSchema,
  limits: z
    .strictObject({
      /** The largest body of a chat and of a request to `/mcp`; other bodies are small. */
      bodyBytes: z.int().min(1024).max(1_073_741_824).default(8_388_608),
      /** Rounds of tool calls in one chat. */
      toolRounds: z.int().min(1).max(1000).default(8),
      /** Tool calls in one chat. */
      toolCalls: z.int().min(1).max(10_000).default(32),
      /** How long a tool may be silent; one that reports its progress may take five times as long in all. */
      toolSeconds: z.number().min(0.1).max(86_400).default(60),
      /** How long a tool call waits for the approval of a person; no answer by then means no. */
      approvalSeconds: z.number().min(0.1).max(86_400).default(300),
      /** An MCP server that nobody uses is stopped after so many minutes; the next use starts it again. */
      toolIdleMinutes: z.number().min(0.01).max(10_000).default(10),
      /** How long a connection may rest between two requests; longer than the balancers in front of the server keep theirs. */
      keepAliveSeconds: z.number().min(1).max(3600).default(75),
      /** How long running requests may go on when the server is told to stop; it has ended three seconds later at the latest. */
      shutdownSeconds: z.number().min(0).max(3600).default(5),
    })
    .prefault({}),
  audit: z
    .strictObject({
      /** What the audit log keeps of a tool call's arguments: a keyed digest, or the arguments as well. */
      arguments: z.enum(['digest', 'full']).default('digest'),
    })
    .prefault({}),
  /** For how many days is kept what has ended; a sweep removes the rest once an hour. */
  retention: z
    .strictObject({
      /** Keys that were exchanged for a token, and the ends of access tokens and attenuated tokens. */
      exchangedKeyDays: days.default(1),
      /** Stored turns of conversations that nothing newer goes on from. */
      responseDays: days.default(30),
      /** Tool calls that waited for a person, with what is kept of their arguments. */
      approvalDays: days.default(30),
      /** `Idempotency-Key`s, in hours, with the answers to their requests. */
      idempotencyHours: z.int().min(1).max(720).default(24),
      /** Entries of the audit log, by age; default: all of them. */
      auditDays: days.optional(),
      /** Entries of the audit log, by their number; default: all of them. */
      auditEntries: z.int().min(1000).max(1_000_000_000).optional(),
    })
    .prefault({}),
  log: z.enum(LOG_LEVELS).default('info'),
  /** Where the log goes. Default: standard error. */
  logFile: z.string().min(1).optional(),
});

/** A complete configuration. */
export type ServerConfig = z.output<typeof configSchema>;
/** What may be written: everything but `data` and `models` has a default. */
export type ServerConfigInput = z.input<typeof configSchema>;
