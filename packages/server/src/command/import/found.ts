import type { Grant } from '@latchkey/auth-core/llm';

/** A model file, or a folder with the files of one, that is linked into the models folder. */
export interface FoundModel {
  /** `publisher/name`; the link is there. */
  readonly key: string;
  readonly path: string;
  readonly isFolder: boolean;
}

/** A key that another server accepts, and what it may do there, in the words of a grant. */
export interface FoundKey {
  readonly name: string;
  /** Must not be printed. */
  readonly secret: string;
  readonly grant: Grant;
  readonly note?: string;
}

/** Something that is not taken, and why, or what is to be done about it by hand. */
export interface LeftOut {
  readonly what: 'model' | 'setting' | 'upstream' | 'key';
  readonly name: string;
  readonly note: string;
}

/** What the configuration of another server has that this one can take, and what it cannot. */
export interface Found {
  readonly models: readonly FoundModel[];
  /** Keys of `config.json`, with their values; objects are added to, and what is there counts. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly keys: readonly FoundKey[];
  /** A file whose MCP servers `latchkey mcp import` takes. */
  readonly mcpFile?: string;
  readonly leftOut: readonly LeftOut[];
}

/** What a key may do that opened models there, and nothing else. */
export const MODELS_ONLY: Grant = { actions: ['chat', 'embeddings', 'models:read'], models: ['*'] };

/** The publisher's or the model's part of a key: what may stand in a path and in a grant. */
export const keyPart = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 128) || 'model';
