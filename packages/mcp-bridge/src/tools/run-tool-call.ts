import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { BridgeError } from '../errors.ts';
import type { ServerConnection } from '../host/connection.ts';
import { isForgottenSession } from '../host/forgotten-session.ts';
import type { ListedTool } from '../host/list-tools.ts';
import { raceAbort } from '../host/race-abort.ts';
import type { ServerSession } from '../host/session.ts';
import type { BridgeLogger } from '../logger.ts';
import { loginProblem } from '../oauth/login-error.ts';
import { linkSignals } from '../transport/link-signals.ts';
import { isUnreadable, readLine } from '../transport/mend-message.ts';
import { visibleText } from '../visible-text.ts';
import { askGate } from './ask-gate.ts';
import { deepFreeze } from './deep-freeze.ts';
import { fitArguments } from './fit-arguments.ts';
import { argumentNamesOf } from './tool-definition.ts';
import type { ToolGate } from './tool-gate.ts';
import type { ToolFailureKind, ToolOutcome } from './tool-outcome.ts';
import type { ToolProgress } from './tool-progress.ts';
import { type RawToolResult, renderToolResult } from './tool-result.ts';

/** A tool of a toolset, as listed when the toolset was opened, and the connection to its server. */
export interface CallableTool extends ListedTool {
  readonly connection: ServerConnection;
}

export interface RunOptions {
  readonly gate: ToolGate;
  readonly logger: BridgeLogger;
  readonly signal: AbortSignal;
  readonly onProgress: ((progress: ToolProgress) => void) | undefined;
  /** Fires when the toolset is closed. */
  readonly closed: AbortSignal;
}

/**
 * Runs one call: arguments, gate, turn, server, result. Every step uses the same frozen copy of the arguments, so what
 * was permitted is what is sent.
 */
export async function runToolCall(tool: CallableTool, args: unknown, options: RunOptions): Promise<ToolOutcome> {
  const { gate, logger } = options;
  // A server's entry may have limits of its own.
  const { limits } = tool.connection;
  const server = tool.connection.entry.id;
  const name = tool.definition.name;
  const written = copyArguments(args);
  if (written === undefined) {
    const reason = 'The arguments must be a JSON object.';
    return { type: 'failure', kind: 'invalid_arguments', server, tool: name, reason };
  }
  // Before the gate, so that what it judges is what is sent.
  const copy = deepFreeze(fitArguments(written, tool.definition.inputSchema, tool.validate));
  let sent = copy;
  const fail = (kind: ToolFailureKind, reason: string): ToolOutcome => {
    logger.info({ server, tool: name, kind }, 'A tool call failed');
    return { type: 'failure', kind, server, tool: name, arguments: sent, reason };
  };

  const link = linkSignals([options.signal, options.closed]);
  const { signal } = link;
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;
  let release = (): void => {};
  try {
    // A gate may wait for a person; the caller limits that time.
    const context = { signal, problemOf: tool.validate };
    const call = {
      server,
      tool: name,
      arguments: copy,
      argumentNames: argumentNamesOf(tool.definition),
      effect: tool.connection.effectOf(tool.definition),
    };
    const verdict = await raceAbort(askGate(gate, call, context, logger), signal);
    if (!verdict.allowed) return fail('denied', verdict.reason);
    sent = verdict.arguments ?? copy;
    const wrong = tool.validate(sent);
    if (wrong !== undefined) return fail('invalid_arguments', wrong);
    timer = setTimeout(() => {
      isLate = true;
      link.abort();
    }, limits.callTotalTimeoutMs);
    release = await tool.connection.calls.acquire(signal);
    const result = await callOnce(tool, sent, { signal, onProgress: options.onProgress });
    const rendered = renderToolResult(result, limits);
    if (rendered.isError) tool.connection.noteRefused(rendered.text);
    return { type: 'success', server, tool: name, arguments: sent, ...rendered };
  } catch (error) {
    if (isLate) return fail('timeout', 'The tool took too long.');
    if (signal.aborted) return fail('aborted', 'The call was given up.');
    const { kind, reason } = explain(error);
    return fail(kind, reason);
  } finally {
    clearTimeout(timer);
    link.release();
    release();
  }
}

async function callOnce(
  tool: CallableTool,
  args: Record<string, unknown>,
  { signal, onProgress }: Pick<RunOptions, 'signal' | 'onProgress'>,
  mayRepeat = true,
): Promise<RawToolResult> {
  const { connection, definition } = tool;
  const { session, tools } = await connection.forCall(signal);
  // The server may have restarted or changed its list since: check that this is still the tool that was shown.
  if (!connection.isSameTool(definition, tools.get(definition.name)?.definition)) throw new ToolChanged();
  try {
    return await session.call(definition, args, signal, onProgress);
  } catch (error) {
    if (signal.aborted) throw error;
    if (ProtocolError.isInstance(error)) session.distrustList();
    if (isTimeout(error) && session.countTimeout()) connection.discard(session, 'it does not answer calls');
    if (isForgottenSession(error)) {
      connection.renew(session);
      if (mayRepeat) return callOnce(tool, args, { signal, onProgress }, false);
    }
    if (isGone(error, session)) connection.discard(session, 'it could not be reached');
    throw error;
  }
}

class ToolChanged extends Error {}

/** Questions to a person or a model, which this client does not have. */
const asking: readonly SdkErrorCode[] = [
  SdkErrorCode.UnsupportedResultType,
  SdkErrorCode.InputRequiredRoundsExceeded,
  SdkErrorCode.CapabilityNotSupported,
];

function isTimeout(error: unknown): boolean {
  return SdkError.isInstance(error) && error.code === SdkErrorCode.RequestTimeout;
}

/** Whether the connection is unusable: broken, or never made (`fetch` throws a TypeError). */
function isGone(error: unknown, session: ServerSession): boolean {
  return session.closed || error instanceof TypeError;
}

function explain(error: unknown): { kind: ToolFailureKind; reason: string } {
  const unavailable = (reason: string) => ({ kind: 'unavailable' as const, reason });
  if (error instanceof BridgeError) return unavailable(error.message);
  const login = loginProblem(error);
  if (login !== undefined) return unavailable(`The server of the tool cannot be used: ${login.message}.`);
  if (error instanceof ToolChanged) return unavailable('The tool has changed since this request began.');
  if (isTimeout(error)) return { kind: 'timeout', reason: 'The tool did not answer in time.' };
  if (SdkHttpError.isInstance(error)) {
    // The newer protocol answers with an error of JSON-RPC in the body; its words are the server's.
    const words = errorInBody(error);
    const answered = `The server of the tool answered with HTTP ${error.status}`;
    return words === undefined ? unavailable(`${answered}.`) : { kind: 'failed', reason: `${answered}: ${words}` };
  }
  if (ProtocolError.isInstance(error)) {
    if (isUnreadable(error)) return { kind: 'failed', reason: `The tool gave no result: ${error.message}.` };
    return { kind: 'failed', reason: `The server of the tool refused: ${shown(error.message)}` };
  }
  if (SdkError.isInstance(error) && asking.includes(error.code)) {
    const reason = 'The tool asks for an input of a person or of a model (elicitation, sampling), which is not there.';
    return { kind: 'failed', reason };
  }
  if (SdkError.isInstance(error) && error.code === SdkErrorCode.InvalidResult) {
    return { kind: 'failed', reason: 'The tool answered with something that is no result.' };
  }
  if (error instanceof RangeError) return { kind: 'failed', reason: 'The tool answered with more than is taken.' };
  return unavailable('The server of the tool could not be reached or ended during the call.');
}

const shown = (message: string): string => visibleText(message.slice(0, 500));

/** The message of the JSON-RPC error that an HTTP error has as its body; undefined when it is something else. */
function errorInBody(error: SdkHttpError): string | undefined {
  const { text } = Object(error.data) as { text?: unknown };
  const [message] = typeof text === 'string' ? readLine(text) : [];
  return message !== undefined && 'error' in message ? shown(message.error.message) : undefined;
}

/** Makes a frozen copy of the JSON data, so that it cannot change between the check and the call. */
function copyArguments(args: unknown): Record<string, unknown> | undefined {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return undefined;
  try {
    // A reviver would also freeze it, at three times the cost.
    return deepFreeze(JSON.parse(JSON.stringify(args)) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}
