import type { Grant } from '@latchkey/auth-core/llm';

/** What becomes of one thing of the other server. */
export interface Item {
  readonly what: 'model' | 'setting' | 'upstream' | 'key' | 'mcp server';
  readonly name: string;
  readonly outcome: 'taken' | 'there already' | 'left out';
  readonly note?: string;
  /** What a key may do here. */
  readonly grant?: Grant;
}
