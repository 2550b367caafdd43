import type { Principal } from '@latchkey/auth-core';
import type { ModelPrice } from '../contracts/price.ts';
import type { RecordUsage, UsageCounts } from '../contracts/usage-record.ts';
import type { RoundUse } from './generate-within-budget.ts';

/**
 * Records the usage of a chat as it accrues: the request when a model begins, and each round and each call when it
 * ends, even if its reader has left or the model has crashed. If the process is killed, at most the current round is
 * lost.
 */
export class ChatUse {
  readonly #principal: Principal;
  readonly #model: string;
  readonly #tell: RecordUsage;
  readonly #price: ModelPrice | undefined;
  #hasBegun = false;

  /** @param price what the model costs; undefined where it costs nothing */
  constructor(principal: Principal, model: string, tell: RecordUsage, price?: ModelPrice) {
    this.#price = price;
    this.#principal = principal;
    this.#model = model;
    this.#tell = tell;
  }

  /** Counts the request from here on; before this call it has used nothing. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#note({ requests: 1 });
  }

  add({ inputTokens, outputTokens }: RoundUse): void {
    this.begin();
    this.#note({ inputTokens, outputTokens, cost: this.#price?.cost(inputTokens, outputTokens) ?? 0 });
  }

  /** Counts a tool call that was made. */
  addCall(): void {
    this.begin();
    this.#note({ toolCalls: 1 });
  }

  /** Counts what a tool call cost. */
  addCost(cost: number): void {
    this.begin();
    this.#note({ cost });
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
      cost: 0,
      ...counts,
    });
  }
}
