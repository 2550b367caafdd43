/** The logger that the bridge writes to; pino's loggers fit. Arguments and results of tools are never logged. */
export interface BridgeLogger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

const ignore = (): void => {};

export const silentLogger: BridgeLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
