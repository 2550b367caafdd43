/** Logs engine processes that start, fail and end. A pino logger is suitable. */
export interface EngineLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}
