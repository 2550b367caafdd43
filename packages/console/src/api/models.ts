import { call } from './call.ts';

/** A model as LM Studio's API describes it. */
export interface Model {
  readonly type: string;
  readonly key: string;
  readonly display_name: string;
  readonly quantization: { readonly name: string } | null;
  readonly size_bytes: number;
  readonly params_string: string | null;
  readonly max_context_length: number;
  readonly loaded_instances: readonly ModelInstance[];
  readonly capabilities?: { readonly vision: boolean; readonly trained_for_tool_use: boolean };
}

/** A model in memory. */
export interface ModelInstance {
  readonly id: string;
  readonly config: { readonly context_length: number; readonly parallel: number };
  /** How many requests run on it. */
  readonly active_requests?: number;
  /** It takes no new requests, and is unloaded when the last one has ended. */
  readonly draining?: boolean;
}

/** What is asked of an instance that is loaded; the rest is as the settings say. */
export interface LoadAsked {
  readonly model: string;
  readonly context_length?: number;
  readonly parallel?: number;
  /** In seconds without use. */
  readonly ttl?: number;
}

/** A model that cannot be used, or only in part. */
export interface ModelFault {
  readonly key: string;
  readonly reason: string;
}

export interface ModelList {
  readonly models: readonly Model[];
  /** Other names: name to key. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly unreadable?: readonly ModelFault[];
  readonly template_faults?: readonly ModelFault[];
}

export const listModels = (): Promise<ModelList> => call('GET', '/api/v1/models');

export const loadModel = (asked: LoadAsked): Promise<{ readonly load_time_seconds: number }> =>
  call('POST', '/api/v1/models/load', { body: asked });

/** Unloads an instance, once its running requests have ended. */
export const unloadModel = (id: string): Promise<unknown> =>
  call('POST', '/api/v1/models/unload', { body: { instance_id: id } });
