/*
 * Loaded first (`node --import`): reduces Node to an edge worker. No module of Node can be imported, and the only
 * globals left are those of ECMAScript and the Minimum Common Web API (ECMA-429).
 */

import { isBuiltin, registerHooks } from 'node:module';
import { runInNewContext } from 'node:vm';

registerHooks({
  resolve(specifier, context, next) {
    if (isBuiltin(specifier)) throw new Error(`${context.parentURL} imports ${specifier}`);
    return next(specifier, context);
  },
});

const WEB = `AbortController AbortSignal Blob ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy Crypto
  CryptoKey CustomEvent DOMException DecompressionStream Event EventTarget File FormData Headers MessageChannel
  MessageEvent MessagePort Performance ReadableByteStreamController ReadableStream ReadableStreamBYOBReader
  ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader Request Response SubtleCrypto
  TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL
  URLPattern URLSearchParams WebAssembly WritableStream WritableStreamDefaultController WritableStreamDefaultWriter atob
  btoa clearInterval clearTimeout console crypto fetch navigator performance queueMicrotask setInterval setTimeout
  structuredClone`.split(/\s+/);

// Node creates some of them on first access, with its own modules.
for (const name of WEB) Reflect.get(globalThis, name);

const language = runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[];
const kept = new Set([...language, ...WEB]);
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (!kept.has(name)) Reflect.deleteProperty(globalThis, name);
}

// In a worker, a timer is a number without methods.
const { setInterval: repeat, setTimeout: wait } = globalThis;
Object.assign(globalThis, {
  setInterval: (...task: Parameters<typeof repeat>) => Number(repeat(...task)),
  setTimeout: (...task: Parameters<typeof wait>) => Number(wait(...task)),
});
