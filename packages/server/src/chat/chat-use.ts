import type { Principal } from '@latchkey/auth-core';
import type { RecordUsage, UsageCounts } from '../contracts/usage-record.ts';
import type { RoundUse } from './generate-within-budget.ts';

/**
 * What a chat uses. It is told as it comes: the request when a model begins, each round and each call when it is over, also
 * when its reader has left or the model has died. What is killed loses no more than the round that runs.
 */
export class ChatUse {
  readonly #principal: Principal;
  readonly #model: string;
  readonly #tell: RecordUsage;
  #hasBegun = false;

  constructor(principal: Principal, model: string, tell: RecordUsage) {
    this.#principal = principal;
    this.#model = model;
    this.#tell = tell;
  }

  /** The request counts from here on; before that, it has used nothing. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#note({ requests: 1 });
  }

  add({ inputTokens, outputTokens }: RoundUse): void {
    this.begin();
    this.#note({ inputTokens, outputTokens });
  }

  /** Counts a tool call that was made. */
  addCall(): void {
    this.begin();
    this.#note({ toolCalls: 1 });
  }

  #note(counts: Partial<UsageCounts>): void {
    this.#tell({
      rootId: this.#principal.rootId,
      project: this.#principal.project ?? null,
      model: this.#model,
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      toolCalls: 0,
      ...counts,
    });
  }
}
