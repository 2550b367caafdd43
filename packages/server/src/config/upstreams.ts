import { z } from 'zod';
import { OperatorError } from '../contracts/operator-error.ts';
import { dictionary, list } from '../input/bounded.ts';

const name = z.string().min(1).max(256);

/** Servers that speak OpenAI's API, and the names of their models here; see docs/engine.md. */
export const upstreamsSchema = dictionary(
  z.strictObject({
    /** The URLs of servers with the same models, each with its path: `http://10.0.0.5:8000/v1`. */
    urls: list(
      z.url({ protocol: /^https?$/ }).refine((url) => {
        const { username, password, search, hash } = new URL(url);
        return username + password + search + hash === '';
      }, 'must be a URL without a user, a query or a fragment, such as http://10.0.0.5:8000/v1'),
      64,
    ).refine((urls) => urls.length > 0, 'must name a server'),
    /** The environment variable that holds the servers' API key. */
    apiKeyVariable: z
      .string()
      .regex(/^[A-Za-z_]\w{0,127}$/, 'must be the name of an environment variable')
      .optional(),
    /**
     * Our key → the server's name, and properties that the server does not report; default: all models that it lists.
     */
    models: dictionary(
      z.strictObject({
        name,
        contextLength: z.int().min(16).max(100_000_000).optional(),
        vision: z.boolean().optional(),
        /** It makes embeddings instead of answers. */
        embeddings: z.boolean().optional(),
        reasoning: list(z.enum(['off', 'low', 'medium', 'high', 'on']), 5).optional(),
      }),
      1000,
      name,
    ).optional(),
    /** How many requests each model runs at once; more wait. */
    parallel: z.int().min(1).max(10_000).default(32),
    /** Keep callers' cached prompts apart. The servers must support `cache_salt`, as vLLM does. */
    cacheSalt: z.boolean().default(false),
    /** How long the first byte of an answer may take. */
    firstByteSeconds: z.number().min(0.1).max(86_400).default(120),
    /** How long an answer may be silent once it has started. */
    silenceSeconds: z.number().min(0.1).max(86_400).default(60),
  }),
  256,
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be a short name such as gpu-box'),
).default({});

/** One entry of `upstreams`. */
export type UpstreamConfig = z.output<typeof upstreamsSchema>[string];

/**
 * Converts an entry of `upstreams` to the options of its engine, with its key from the environment.
 *
 * @throws {OperatorError} `missing_secret` when the variable is not set
 */
export function toUpstreamOptions(
  name: string,
  { urls, apiKeyVariable, firstByteSeconds, silenceSeconds, ...rest }: UpstreamConfig,
  environment: Readonly<Record<string, string | undefined>>,
) {
  const apiKey = apiKeyVariable === undefined ? undefined : environment[apiKeyVariable];
  if (apiKeyVariable !== undefined && !apiKey) {
    throw new OperatorError(
      'missing_secret',
      `upstreams.${name}.apiKeyVariable: the environment has no ${apiKeyVariable}. Set it, or leave the setting out.`,
    );
  }
  return {
    ...rest,
    name,
    urls: urls.map((url) => url.replace(/\/$/, '')),
    apiKey,
    firstByteMilliseconds: firstByteSeconds * 1000,
    silenceMilliseconds: silenceSeconds * 1000,
  };
}
