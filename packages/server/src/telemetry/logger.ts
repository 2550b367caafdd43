import { visibleJson, visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import { type Logger, pino, stdSerializers } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { hideSecrets } from './hide-secrets.ts';
import { createLogDestination, type LogDestination } from './log-destination.ts';
import { openLogFile, standardError } from './log-output.ts';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const WARN = 40;

/** A log, and its destination. */
export interface OpenLog {
  readonly logger: Logger;
  readonly destination: LogDestination;
}

/**
 * Opens a log to a file or to standard error: JSON lines, or readable lines on a terminal. Standard output belongs to
 * the command. Throws the system's error for a file that cannot be opened.
 */
export function openLog(level: LogLevel, file?: string): OpenLog {
  const isForPeople = file === undefined && process.stderr.isTTY;
  const pretty = prettyFactory({ singleLine: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' });
  const format = (line: string): string =>
    isForPeople ? pretty(readVisible(hideSecrets(line))) : visibleJson(hideSecrets(line));
  const destination = file === undefined ? openStandardError(format) : openDestination(format, file);
  const logger = pino(
    {
      level,
      base: null,
      redact: { paths: ['*.authorization', '*.token', '*.secret'], remove: true },
      serializers: { err: describeError },
      hooks: { streamWrite: format },
    },
    destination,
  );
  return { logger, destination };
}

/**
 * Reads a line of the log with each character that a person could not see written out: what strangers put into a name or
 * an error must neither steer a terminal nor look like a line of its own. A stack has several lines.
 */
const readVisible = (line: string): unknown =>
  JSON.parse(line, (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    return key === 'stack' ? visibleText(value) : visibleLine(value);
  });

/** A process has one standard error: all logs that go there share its destination, and its listeners. */
let sharedDestination: LogDestination | undefined;

function openStandardError(format: (line: string) => string): LogDestination {
  sharedDestination ??= openDestination(format);
  return sharedDestination;
}

function openDestination(format: (line: string) => string, file?: string): LogDestination {
  const destination = createLogDestination({
    output: file === undefined ? standardError() : openLogFile(file),
    describeLoss: (count) =>
      format(
        `${JSON.stringify({ level: WARN, time: Date.now(), lost: count, msg: 'lines of the log are missing: there was no room for them' })}\n`,
      ),
  });
  process.on('exit', destination.flushAtExit);
  return destination;
}

/** Creates the log of `openLog` on standard error. */
export const createLogger = (level: LogLevel): Logger => openLog(level).logger;

/**
 * What the log records of an error and its causes: kind, message, stack and code. Other properties are left out: Node's
 * errors carry the data that was sent (`rawPacket`), those of databases the values of a query.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  const { code } = error as { readonly code?: unknown };
  return { type, message, stack, ...(typeof code === 'string' ? { code } : {}) };
}
