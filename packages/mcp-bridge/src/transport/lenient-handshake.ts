import {
  isInitializeRequest,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/client';
import { notify } from '../notify.ts';
import { lostAnswer } from './lost-answer.ts';

/** What was seen of a handshake. */
export interface Handshake {
  /** Whether `initialize` was sent, and not only a probe before it. */
  readonly begun: boolean;
}

/**
 * Makes a transport take the answers to `initialize` that servers really give, and end a request whose stream of
 * answers ends without one. Everything else passes unchanged.
 */
export function takeLeniently(transport: Transport): Handshake {
  const handshake = { begun: false };
  let asked: RequestId | undefined;
  let receive: Transport['onmessage'];
  const change = <T extends JSONRPCMessage>(message: T): T =>
    asked !== undefined && 'result' in message && message.id === asked
      ? { ...message, result: mendInitialize(message.result) }
      : message;
  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    get: (): Transport['onmessage'] => receive && ((message, extra) => receive?.(change(message), extra)),
    set: (handler: Transport['onmessage']) => {
      receive = handler;
    },
  });
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (!isJSONRPCRequest(message)) return send(message, options);
    if (isInitializeRequest(message)) {
      asked = message.id;
      handshake.begun = true;
    }
    return send(message, {
      ...options,
      onRequestStreamEnd() {
        notify(options?.onRequestStreamEnd);
        // If its answer did come, the request is over and this is ignored.
        receive?.(lostAnswer(message.id, 'stream-ended', 'its stream ended before the answer'));
      },
    });
  };
  return handshake;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Mends what a host does not need: the name and version of the server, and how it writes what it can do. What is
 * neither there nor understood is absent; nothing is added that the server did not say.
 */
function mendInitialize(result: unknown): Record<string, unknown> {
  if (!isObject(result)) return {};
  const { serverInfo, capabilities, instructions, protocolVersion, _meta, ...rest } = result;
  const info = isObject(serverInfo) ? serverInfo : {};
  const version = typeof protocolVersion === 'number' ? String(protocolVersion) : protocolVersion;
  return {
    ...rest,
    // A server that gives no version is of the first kind.
    protocolVersion: version ?? '2024-11-05',
    serverInfo: { name: textOr(info.name, 'unnamed'), version: textOr(info.version, '0') },
    capabilities: mendCapabilities(capabilities),
    ...(typeof instructions === 'string' ? { instructions } : {}),
    ...(isObject(_meta) ? { _meta } : {}),
  };
}

function textOr(value: unknown, otherwise: string): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : otherwise;
}

/** `[]` and `true` say that there is such a capability; null and false say that there is none. */
function mendCapabilities(written: unknown): Record<string, unknown> {
  if (!isObject(written)) return {};
  const mended = Object.entries(written).flatMap(([name, value]): [string, unknown][] => {
    if (isObject(value)) return [[name, registers.includes(name) ? mendCapabilities(value) : mendSwitches(value)]];
    return Array.isArray(value) || value === true ? [[name, {}]] : [];
  });
  return Object.fromEntries(mended);
}

/** These hold further capabilities by name. */
const registers = ['experimental', 'extensions'];

const switches = ['listChanged', 'subscribe'];

function mendSwitches(capability: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(capability).filter(
    ([name, value]) => value !== null && (!switches.includes(name) || typeof value === 'boolean'),
  );
  return Object.fromEntries(kept);
}
