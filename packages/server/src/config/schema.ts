import { isIP } from 'node:net';
import { isAddressRange } from '@latchkey/auth-core/http';
import { z } from 'zod';
import { dictionary, list } from '../input/bounded.ts';
import { LOG_LEVELS } from '../telemetry/logger.ts';
import { modelSettingsSchema } from './model-settings.ts';
import { budgetField, priceField } from './money.ts';
import { hostPattern, isUrlHostPattern, originPattern } from './name-patterns.ts';
import { openidSchema } from './openid.ts';
import { upstreamsSchema } from './upstreams.ts';
import { webhooksSchema } from './webhooks.ts';

/** IP addresses are always accepted. */
const isHost = (host: string): boolean => isIP(host) !== 0 || hostPattern(host) !== undefined;

/** What the other end of a connection to a Unix socket is called, which has no address. */
export const UNIX_PEER = 'unix';

/** Longer paths have no room in the address of a socket. */
const isSocketPlace = (text: string): boolean =>
  text.startsWith('unix:/') && Buffer.byteLength(text.slice('unix:'.length)) <= 107 && !text.includes('\0');

const port = z.int().min(0).max(65535);
const name = z.string().min(1).max(256);
const days = z.int().min(1).max(36_500);
/** A pattern that matches no host would silently switch off what it is meant to allow. */
const urlHost = name.refine(
  isUrlHostPattern,
  'must be a host name or an IP address without a scheme and a port, *.example.com for all below it, or *',
);
const privateHost = name.refine(
  (entry) => isAddressRange(entry) || isIP(entry) !== 0 || (isUrlHostPattern(entry) && !entry.includes('*')),
  'must be a host name, an IP address or a range such as 10.0.0.0/8',
);

/**
 * All configuration keys, with their defaults. Paths are absolute, or relative to the folder where the server starts.
 * `config.json` has the same keys; the environment and the flags override some of them.
 */
export const configSchema = z.strictObject({
  /** The address to listen on. */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 takes any free port. */
  port: port.default(1234),
  /** A second port on the same address, for programs that look for Ollama at its own, 11434. It answers the same. */
  ollamaPort: port.optional(),
  /** Unix sockets to listen on as well, as `unix:/run/latchkey/http.sock`. Their owner and its group may connect. */
  listen: list(
    z
      .string()
      .refine(isSocketPlace, 'must be unix: and an absolute path of at most 107 bytes, unix:/run/latchkey/http.sock'),
    16,
  ).default([]),
  /** Holds tokens, conversations and keys; created with mode 0700. */
  data: z.string().min(1),
  /**
   * A PostgreSQL database, `postgres://…`, which several servers can share. Default: the SQLite file `latchkey.db` in
   * the data folder.
   */
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
  /**
   * How much of a definition that is: `everything`, `schemas` (without descriptions), or `nothing`. The entry of a
   * server may say otherwise for its own.
   */
  mcpPinned: z.enum(['everything', 'schemas', 'nothing']).default('everything'),
  /**
   * With more tools than this, models and clients of `/mcp` find them by a search. A grant may say a smaller number, and
   * a request `tool_search`. Default: everything is shown.
   */
  toolSearchAbove: z.int().min(0).max(100_000).optional(),
  /**
   * What happens to calls of `taintedCalls` after a tool labelled `untrusted` has answered in the same conversation.
   */
  taint: z.enum(['off', 'deny', 'ask']).default('off'),
  taintedCalls: list(z.enum(['egress', 'private']), 2).default(['egress']),
  /** Plugin id → tool → labels; `*` matches any run of characters in both. */
  toolLabels: dictionary(
    dictionary(list(z.enum(['private', 'untrusted', 'egress']), 3), 4096, name),
    4096,
    name,
  ).default({}),
  /** Require a token of every caller. */
  auth: z.boolean().default(true),
  /** Accept that every client that reaches the address may use the server. */
  allowUnauthenticatedNetwork: z.boolean().default(false),
  /** Other names for models: name → key. */
  aliases: dictionary(name, 4096, name).default({}),
  /** The default sampling settings: model key, or `*` for all others → settings. */
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
  /** Host header names that are accepted besides the machine's own. */
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
  /**
   * The URL by which clients reach this server; it is the issuer of access tokens. Default: a generated name that is
   * not a URL.
   */
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .max(200)
    .optional(),
  /** For the clients of `/mcp` that get their tokens by OAuth. */
  oauth: z
    .strictObject({
      /**
       * The issuers whose tokens this server accepts, listed in the metadata of `/mcp` (RFC 9728); needs `publicUrl`.
       */
      authorizationServers: list(z.url({ protocol: /^https?$/ }).max(200), 16).default([]),
      /**
       * Give tokens for `/mcp` to clients that connect by its URL alone, after a person has agreed in the console; needs
       * `publicUrl`.
       */
      authorizationServer: z.boolean().default(false),
      /** Hosts that are not on the public internet and may describe such clients (client id metadata documents). */
      privateClientHosts: list(privateHost, 256).default([]),
    })
    .prefault({}),
  /** Lets persons sign in to the console with an account of a provider of OpenID Connect; needs `publicUrl`. */
  openid: openidSchema.optional(),
  /** Where request-scoped MCP servers may be, once the setting `allowEphemeralMcp` is on. */
  ephemeralMcp: z
    .strictObject({
      /** Host names; `*.example.com` matches all names below it, `*` matches all. */
      allowedHosts: list(urlHost, 1024).default(['*']),
      /** Host names, addresses and ranges that may be reached although they are not on the public internet. */
      allowPrivateHosts: list(privateHost, 1024).default([]),
      /** Host names that may be reached without TLS. */
      allowHttpHosts: list(urlHost, 1024).default([]),
    })
    .prefault({}),
  /** Also accept HTTP Basic, with the token as the password, for reverse proxies that support nothing else. */
  basicAuthentication: z.boolean().default(false),
  /**
   * The reverse proxies whose `X-Forwarded-For` is trusted, as addresses or ranges; `unix`: those that connect to a Unix
   * socket of `listen`.
   */
  trustedProxies: list(
    z
      .string()
      .refine(
        (proxy) => proxy === UNIX_PEER || isAddressRange(proxy),
        'must be an IP address, a range such as 10.0.0.0/8, or unix',
      ),
    256,
  ).default([]),
  engine: z
    .strictObject({
      /** Tokens of context for each request, within the model's limit. */
      contextLength: z.int().min(16).max(100_000_000).default(4096),
      /** The most context that a request may ask for; default: the model's training context. */
      maxContextLength: z.int().min(16).max(100_000_000).optional(),
      /** How many requests a model runs at once. */
      parallel: z.int().min(1).max(256).default(4),
      /** How many requests may wait for a model; more are refused. */
      queue: z.int().min(1).max(10_000).default(64),
      /** CPU threads; default: one less than there are cores. */
      threads: z.int().min(1).max(1024).optional(),
      gpu: z.enum(['auto', 'off']).default('auto'),
      /** A model that is not used is unloaded after this many minutes. */
      idleMinutes: z.number().min(0.01).max(10_000).default(60),
      /** Loading a model unloads the others as soon as they are idle. */
      keepOnlyLast: z.boolean().default(true),
      /** Refuse to load a model that needs more memory than is free. */
      checkMemory: z.boolean().default(true),
      /** How single models are loaded: model key, or `*` for all others → settings. */
      models: modelSettingsSchema,
    })
    .prefault({}),
  /** From where models may be downloaded. */
  downloads: z
    .strictObject({
      /** The server that answers as Hugging Face does. */
      baseUrl: z
        .url({ protocol: /^https?$/ })
        .max(200)
        .default('https://huggingface.co'),
      /** The environment variable that holds the token for it. */
      tokenVariable: z
        .string()
        .regex(/^[A-Za-z_]\w{0,127}$/, 'must be the name of an environment variable')
        .optional(),
      /** Other hosts of files, also those to which that server redirects; `*.example.com` is all names below it. */
      hosts: list(urlHost, 256).default(['*.huggingface.co', '*.hf.co']),
      /** Host names, addresses and ranges that may be reached although they are not on the public internet. */
      allowPrivateHosts: list(privateHost, 256).default([]),
    })
    .prefault({}),
  /** What models and tools cost: usage is shown as money then, and budgets may be. */
  prices: z
    .strictObject({
      /** ISO 4217, e.g. `EUR`. */
      currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency such as EUR'),
      /** Globs over model keys → the prices of a million tokens, as decimal text. */
      models: dictionary(z.strictObject({ input: priceField, output: priceField }), 4096, name).default({}),
      /** Plugin id → tool → the price of a call, as decimal text; `*` matches any run of characters in both. */
      tools: dictionary(dictionary(priceField, 4096, name), 4096, name).default({}),
    })
    .optional(),
  /** What owners and projects may spend over all their tokens; `*` is for each that has none of its own. */
  budgets: z
    .strictObject({
      owners: dictionary(budgetField, 4096, name).default({}),
      projects: dictionary(budgetField, 4096, name).default({}),
    })
    .prefault({}),
  /** Where to send events such as an approval that waits, signed as Standard Webhooks. */
  webhooks: webhooksSchema,
  /** Other servers whose models are served here: name → server. */
  upstreams: upstreamsSchema,
  limits: z
    .strictObject({
      /** The largest body of a chat and of a request to `/mcp`; the limits for other bodies are small. */
      bodyBytes: z.int().min(1024).max(1_073_741_824).default(8_388_608),
      /** Rounds of tool calls in one chat. */
      toolRounds: z.int().min(1).max(1000).default(8),
      /** Tool calls in one chat. */
      toolCalls: z.int().min(1).max(10_000).default(32),
      /** How long a tool may be silent; one that reports its progress may take up to five times as long in all. */
      toolSeconds: z.number().min(0.1).max(86_400).default(60),
      /** How long a tool call may take in all. Default: five times `toolSeconds`. */
      toolTotalSeconds: z.number().min(0.1).max(86_400).optional(),
      /** How long an MCP server may take to start and to list its tools; `npx` may have to download first. */
      toolStartSeconds: z.number().min(0.1).max(86_400).default(30),
      /** The largest message of an MCP server; the call fails whose answer is larger. */
      toolMessageBytes: z.int().min(65_536).max(1_073_741_824).default(8_388_608),
      /** How much of the content of a result is kept; more is replaced by a mark. */
      toolResultBytes: z.int().min(1024).max(1_073_741_824).default(1_048_576),
      /** How long a tool call waits for approval by a person; without an answer it is denied. */
      approvalSeconds: z.number().min(0.1).max(86_400).default(300),
      /** An MCP server that is not used is stopped after this many minutes; the next use starts it again. */
      toolIdleMinutes: z.number().min(0.01).max(10_000).default(10),
      /**
       * How long a connection may be idle between two requests; longer than load balancers in front of the server keep
       * theirs.
       */
      keepAliveSeconds: z.number().min(1).max(3600).default(75),
      /** Connections of LM Studio's SDK that a token may have at once, with all that were derived from it. */
      sdkConnectionsPerToken: z.int().min(1).max(1024).default(128),
      /**
       * How long running requests may continue after a stop signal; the server has ended at most three seconds later.
       */
      shutdownSeconds: z.number().min(0).max(3600).default(4),
    })
    .prefault({}),
  audit: z
    .strictObject({
      /** What the audit log keeps of a tool call's arguments: a keyed digest, or the arguments as well. */
      arguments: z.enum(['digest', 'full']).default('digest'),
      /**
       * Where names, owners and addresses of callers are kept: in the entries, or `apart`, from where they can be erased;
       * entries have pseudonyms then.
       */
      persons: z.enum(['named', 'apart']).default('named'),
    })
    .prefault({}),
  /** How long finished records are kept. A sweep removes the others once an hour. */
  retention: z
    .strictObject({
      /** Keys that were exchanged for a token, and the revocations of access tokens and attenuated tokens. */
      exchangedKeyDays: days.default(1),
      /** Stored turns of conversations that no newer turn continues. */
      responseDays: days.default(30),
      /** Tool calls that waited for a person, with the stored form of their arguments. */
      approvalDays: days.default(30),
      /** `Idempotency-Key`s, in hours, with the answers to their requests. */
      idempotencyHours: z.int().min(1).max(720).default(24),
      /** Entries of the audit log, by age; default: all are kept. */
      auditDays: days.optional(),
      /** Entries of the audit log, by number; default: all are kept. */
      auditEntries: z.int().min(1000).max(1_000_000_000).optional(),
    })
    .prefault({}),
  log: z.enum(LOG_LEVELS).default('info'),
  /** Where the log goes. Default: standard error. */
  logFile: z.string().min(1).optional(),
});

/** A complete configuration. */
export type ServerConfig = z.output<typeof configSchema>;
/** The input form: every key but `data` and `models` has a default. */
export type ServerConfigInput = z.input<typeof configSchema>;
