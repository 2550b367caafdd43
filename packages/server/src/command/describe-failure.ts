import { AuthError, type AuthErrorCode, TamperedLogError } from '@latchkey/auth-core';
import { ConfigurationError, ConnectionError, LatchkeyError } from '@latchkey/client';
import type { BridgeError, BridgeErrorCode } from '@latchkey/mcp-bridge';
import { CommanderError } from 'commander';
import { describeSystemError, isSystemError } from '../config/path-failure.ts';
import { OperatorError, type OperatorErrorCode } from '../contracts/operator-error.ts';
import { ServerError, type ServerErrorCode } from '../contracts/server-error.ts';
import { describeUnusableFile } from '../state/sqlite-failure.ts';
import { hideSecrets } from '../telemetry/hide-secrets.ts';
import { CommandError } from './command-error.ts';
import type { Ending } from './exit-codes.ts';

/** A failure as it is printed, and the exit code of the command. */
export interface Failure {
  readonly ending: Ending;
  /** For programs. The code does not change between versions. */
  readonly code: string;
  readonly message: string;
}

/** Describes anything that a command throws. Only a fault of the program itself is printed with its stack. */
export function describeFailure(error: unknown): Failure {
  const failure = classify(error);
  return { ...failure, message: hideSecrets(failure.message) };
}

function classify(error: unknown): Failure {
  if (error instanceof CommandError) return { ending: error.ending, code: error.code, message: error.message };
  if (error instanceof CommanderError) return { ending: 'usage', code: 'usage', message: error.message };
  if (error instanceof OperatorError) {
    return { ending: OF_OPERATOR[error.code], code: error.code, message: error.message };
  }
  if (error instanceof LatchkeyError) return { ending: endingOf(error), code: error.code, message: error.message };
  if (error instanceof AuthError) {
    const kept = classifyKept(error.cause);
    if (kept !== undefined) return kept;
    const code = error.code.toLowerCase().replace(/^auth_/, '');
    return { ending: OF_AUTH[error.code] ?? 'unauthenticated', code, message: error.message };
  }
  if (error instanceof ServerError) {
    return { ending: OF_SERVER[error.code] ?? 'failed', code: error.code.toLowerCase(), message: error.message };
  }
  if (isBridgeError(error)) {
    return { ending: OF_BRIDGE[error.code] ?? 'failed', code: error.code.toLowerCase(), message: error.message };
  }
  if (isSystemError(error)) {
    const message = error.path === undefined ? error.message : describeSystemError(error.path, error);
    return { ending: 'machine', code: 'unusable_path', message };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ending: 'failed', code: 'internal', message };
}

/** By its name: the class is in a package that most commands do without. */
const isBridgeError = (error: unknown): error is BridgeError => error instanceof Error && error.name === 'BridgeError';

/** Classifies errors of a command that works on a database itself: there is no server log with the cause. */
function classifyKept(cause: unknown): Failure | undefined {
  if (cause instanceof TamperedLogError) {
    return {
      ending: 'tampered',
      code: 'audit_changed',
      message: `The log is not as it was written: ${cause.message}.`,
    };
  }
  const unusable = describeUnusableFile(cause);
  if (unusable === undefined) return undefined;
  return {
    ending: 'machine',
    code: 'unusable_database',
    message: `The database of the data folder cannot be used: ${unusable}`,
  };
}

function endingOf(error: LatchkeyError): Ending {
  if (error instanceof ConnectionError) return 'unreachable';
  if (error instanceof ConfigurationError) return error.code === 'unsafe_profiles' ? 'machine' : 'usage';
  if (error.code === 'redirected' || error.code === 'bad_answer') return 'unreachable';
  return BY_STATUS[error.status ?? 0] ?? 'failed';
}

const BY_STATUS: Readonly<Record<number, Ending>> = {
  400: 'usage',
  401: 'unauthenticated',
  403: 'denied',
  404: 'missing',
  405: 'usage',
  409: 'conflict',
  413: 'usage',
  415: 'usage',
  422: 'usage',
  429: 'later',
  503: 'later',
};

const OF_OPERATOR: Readonly<Record<OperatorErrorCode, Ending>> = {
  invalid_configuration: 'usage',
  unsafe_path: 'machine',
  unusable_path: 'machine',
  unusable_database: 'machine',
  missing_secret: 'machine',
};

/** All other codes are about the token that was presented. */
const OF_AUTH: Partial<Record<AuthErrorCode, Ending>> = {
  AUTH_PERMISSION_DENIED: 'denied',
  AUTH_GRANT_NOT_COVERED: 'denied',
  AUTH_GRANT_INVALID: 'usage',
  AUTH_INPUT_INVALID: 'usage',
  AUTH_TOKEN_NOT_FOUND: 'missing',
  AUTH_CONFLICT: 'conflict',
  AUTH_LIMIT_EXCEEDED: 'later',
  AUTH_AUDIT_UNAVAILABLE: 'machine',
  AUTH_STORE_UNAVAILABLE: 'later',
};

const OF_BRIDGE: Partial<Record<BridgeErrorCode, Ending>> = {
  MCP_CONFIG_INVALID: 'usage',
  MCP_SERVER_UNKNOWN: 'missing',
};

const OF_SERVER: Partial<Record<ServerErrorCode, Ending>> = {
  INVALID_REQUEST: 'usage',
  MISSING_PARAMETER: 'usage',
  UNKNOWN_PARAMETER: 'usage',
  NOT_FOUND: 'missing',
  CONFLICT: 'conflict',
  AUDIT_UNAVAILABLE: 'machine',
  DISK_FULL: 'machine',
  STORE_UNAVAILABLE: 'later',
};
