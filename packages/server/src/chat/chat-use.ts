import type { Principal } from '@latchkey/auth-core';
import type { RecordUsage } from '../contracts/usage-record.ts';
import type { RoundUse } from './generate-within-budget.ts';
import type { TurnRecord } from './run-chat.ts';

/** What a chat uses. It is told when the chat is over, also when its reader has left or the model has died. */
export class ChatUse implements Disposable {
  readonly #principal: Principal;
  readonly #model: string;
  readonly #record: TurnRecord;
  readonly #tell: RecordUsage;
  #inputTokens = 0;
  #outputTokens = 0;
  #rounds = 0;

  constructor(principal: Principal, model: string, record: TurnRecord, tell: RecordUsage) {
    this.#principal = principal;
    this.#model = model;
    this.#record = record;
    this.#tell = tell;
  }

  add(round: RoundUse): void {
    this.#rounds += 1;
    this.#inputTokens += round.inputTokens;
    this.#outputTokens += round.outputTokens;
  }

  [Symbol.dispose](): void {
    const toolCalls = this.#record.output.filter(({ type }) => type === 'tool_call').length;
    // A request that no model began has used nothing.
    if (this.#rounds + toolCalls === 0) return;
    this.#tell({
      rootId: this.#principal.rootId,
      project: this.#principal.project ?? null,
      model: this.#model,
      requests: 1,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      toolCalls,
    });
  }
}
