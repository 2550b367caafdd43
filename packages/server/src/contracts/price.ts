/** What a model costs. Amounts are whole billionths of the currency. */
export interface ModelPrice {
  /** The cost of tokens, rounded up. */
  cost(inputTokens: number, outputTokens: number): number;
  /** The most tokens of an answer that an amount pays for, after those of the prompt. */
  answerFor(amount: number, inputTokens: number): number;
}

/** What models and tools cost. */
export interface PriceList {
  readonly currency: string;
  /** Undefined for a model without a price: it costs nothing. */
  ofModel(key: string): ModelPrice | undefined;
  /** The price of one call; 0 for a tool without a price. */
  ofTool(server: string, tool: string): number;
}
