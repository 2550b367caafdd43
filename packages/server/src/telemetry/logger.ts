import { destination, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { describeError } from './describe-error.ts';
import { hideSecrets } from './hide-secrets.ts';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Logs to standard error: JSON lines, or readable ones on a terminal. Standard output belongs to the command. */
export function createLogger(level: LogLevel): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: ['*.authorization', '*.token', '*.secret'], remove: true },
    serializers: { err: describeError },
    hooks: { streamWrite: hideSecrets },
  };
  if (!process.stderr.isTTY) return pino(options, destination({ fd: 2, sync: true }));
  return pino(
    options,
    pretty({ destination: 2, sync: true, singleLine: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }),
  );
}
