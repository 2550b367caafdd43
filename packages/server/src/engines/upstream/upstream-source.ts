import type { Model, ModelDescription, ModelSource } from '@latchkey/engine';
import { z } from 'zod';
import { list } from '../../input/bounded.ts';
import { readBounded } from './read-bounded.ts';
import { UpstreamEntry } from './upstream-entry.ts';
import type { UpstreamModelOptions, UpstreamOptions } from './upstream-options.ts';

/** After this time the list is requested again; until that is answered, the old list is returned. */
const FRESH_MILLISECONDS = 10_000;
const PATIENCE_MILLISECONDS = 5000;
const MOST_BYTES = 1_048_576;
const MOST_MODELS = 1000;
/** The context length for a server that does not report one. */
const DEFAULT_CONTEXT = 4096;

const context = z.int().min(1).max(1e9).nullish().catch(undefined);
const listSchema = z.looseObject({
  data: list(
    z
      .looseObject({
        id: z.string().regex(/^\w[\w./:@+-]{0,200}$/),
        created: z.number().min(0).max(1e11).nullish().catch(undefined),
        // vLLM and SGLang say it here, llama.cpp in `meta`.
        max_model_len: context,
        meta: z.looseObject({ n_ctx_train: context }).nullish().catch(undefined),
      })
      .nullable()
      .catch(null),
    MOST_MODELS,
  ),
});

type Listed = NonNullable<z.infer<typeof listSchema>['data'][number]>;

/** The models of servers, as they list them. */
export class UpstreamSource implements ModelSource {
  readonly #options: UpstreamOptions;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  #problems: readonly string[] = [];
  #known: { readonly at: number; readonly models: readonly Model[] } | undefined;
  #asking: Promise<readonly Model[]> | undefined;

  constructor(options: UpstreamOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#now = options.now ?? (() => performance.now());
  }

  async find(key: string): Promise<Model | undefined> {
    return (await this.list()).find((model) => model.key === key);
  }

  async list(): Promise<readonly Model[]> {
    const known = this.#known;
    if (known !== undefined && this.#now() - known.at < FRESH_MILLISECONDS) return known.models;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return known?.models ?? this.#asking;
  }

  async problems(): Promise<readonly string[]> {
    await this.list();
    return this.#problems;
  }

  async #ask(): Promise<readonly Model[]> {
    const answers = await Promise.all(this.#options.urls.map((url) => this.#askOne(url)));
    this.#problems = answers.flatMap((answer) => (typeof answer === 'string' ? [answer] : []));
    const listed = new Map<string, Listed>();
    for (const answer of answers) {
      if (typeof answer !== 'string')
        for (const model of answer) if (!listed.has(model.id)) listed.set(model.id, model);
    }
    // A failure to answer does not mean that the servers have lost their models.
    const models = listed.size === 0 && this.#known !== undefined ? this.#known.models : this.#toModels(listed);
    this.#known = { at: this.#now(), models };
    return models;
  }

  #toModels(listed: ReadonlyMap<string, Listed>): readonly Model[] {
    const { name: upstream, models } = this.#options;
    const all = (): Record<string, UpstreamModelOptions> =>
      Object.fromEntries([...listed.keys()].map((name) => [`${upstream}/${name}`, { name }]));
    const named = Object.entries(models ?? all());
    return named.map(([key, options]) => {
      const says = listed.get(options.name);
      const description: ModelDescription = {
        architecture: null,
        format: null,
        quantization: null,
        bitsPerWeight: null,
        parameterCount: null,
        displayName: options.name,
        maxContextLength: options.contextLength ?? says?.max_model_len ?? says?.meta?.n_ctx_train ?? DEFAULT_CONTEXT,
        type: options.embeddings ? 'embedding' : 'llm',
        capabilities: {
          vision: options.vision ?? false,
          trainedForToolUse: true,
          embeddings: true,
          ...(options.reasoning === undefined || options.reasoning[0] === undefined
            ? {}
            : { reasoning: { allowedOptions: options.reasoning, default: options.reasoning[0] } }),
        },
      };
      return new UpstreamEntry(key, upstream, options.name, (says?.created ?? 0) * 1000, description);
    });
  }

  /** Returns a string that describes the failure, if there is one. */
  async #askOne(url: string): Promise<readonly Listed[] | string> {
    const { apiKey, fetch: ask = fetch } = this.#options;
    try {
      const response = await ask(`${url}/models`, {
        redirect: 'error',
        headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)]),
      });
      const body = await readBounded(response, MOST_BYTES);
      if (!response.ok) return `${url} answers with ${response.status} when it is asked for its models`;
      const { success, data } = listSchema.safeParse(body);
      return success
        ? data.data.filter((model) => model !== null)
        : `${url} lists its models in a form that is not known`;
    } catch {
      return `${url} cannot be reached`;
    }
  }
}
