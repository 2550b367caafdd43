import { EngineError } from '@latchkey/engine';
import { EngineProcess } from './engine-process.ts';
import { causeOfEnd } from './process-end.ts';
import type { Backend } from './protocol.ts';

/** How long llama.cpp may take to start: the first use of a GPU compiles its programs. */
const MILLISECONDS = 60_000;

/**
 * Starts llama.cpp in a process of its own, without a model, and returns what it runs on.
 *
 * @param gpu `off`: the CPU alone
 * @throws {EngineError} `MODEL_UNAVAILABLE` when it does not start here, with the reason
 * @example
 * ```ts
 * import { probeBackend } from '@latchkey/llama';
 *
 * const { device, threads } = await probeBackend('auto');
 * console.log(`models run on ${device} with ${threads} threads`);
 * ```
 */
export async function probeBackend(gpu: 'auto' | 'off'): Promise<Backend> {
  const { promise, resolve, reject } = Promise.withResolvers<Backend>();
  const child = new EngineProcess({
    title: 'looking at this machine',
    onReport(report) {
      if (report.type !== 'backend') return;
      const { outcome } = report;
      if ('code' in outcome) {
        const { code, message, detail } = outcome;
        reject(new EngineError(code, message, detail === undefined ? {} : { detail }));
      } else resolve(outcome);
    },
    onEnd: (end) =>
      reject(
        new EngineError('MODEL_UNAVAILABLE', `llama.cpp did not start: ${causeOfEnd(end) ?? 'it crashed'}.`, {
          detail: end.output,
        }),
      ),
  });
  const timer = setTimeout(() => child.kill(), MILLISECONDS);
  try {
    child.send({ type: 'backend', gpu });
    return await promise;
  } finally {
    clearTimeout(timer);
    child.kill();
    await child.stop();
  }
}
