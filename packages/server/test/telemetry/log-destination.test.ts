import { describe, expect, it, vi } from 'vitest';
import { createLogDestination } from '../../src/telemetry/log-destination.ts';
import type { LogOutput } from '../../src/telemetry/log-output.ts';

type Done = Parameters<LogOutput['write']>[1];

/** Takes what is written when the test says so. */
function heldOutput() {
  const taken: string[] = [];
  let pending: { readonly bytes: Buffer; readonly done: Done } | undefined;
  const answer = (error: NodeJS.ErrnoException | undefined, count?: number): void => {
    const { bytes, done } = pending ?? { bytes: Buffer.of(), done: () => {} };
    pending = undefined;
    const written = error === undefined ? (count ?? bytes.length) : 0;
    taken.push(bytes.subarray(0, written).toString());
    done(error, written);
  };
  return {
    text: () => taken.join(''),
    isAsked: () => pending !== undefined,
    take: (count?: number) => answer(undefined, count),
    takeAll: () => {
      while (pending !== undefined) answer(undefined);
    },
    fail: (code: string) => answer(Object.assign(new Error(code), { code })),
    output: {
      write: (bytes: Buffer, done: Done) => {
        pending = { bytes, done };
      },
      writeAtOnce: (bytes: Buffer) => {
        taken.push(bytes.toString());
      },
    },
  };
}

const describeLoss = (count: number): string => `${count} lost\n`;

describe('the destination of a log', () => {
  it('keeps the order of lines, and the rest of one that was taken in part', () => {
    const held = heldOutput();
    const log = createLogDestination({ output: held.output, describeLoss });
    for (const line of ['one\n', 'two\n', 'three\n']) log.write(line);
    held.take(2);
    held.takeAll();
    expect(held.text()).toBe('one\ntwo\nthree\n');
  });

  it('takes lines while nobody reads, up to its capacity, and says how many are missing', () => {
    const held = heldOutput();
    const log = createLogDestination({ output: held.output, describeLoss, capacity: 20 });
    for (let at = 0; at < 10; at += 1) log.write(`line ${at}\n`);
    held.takeAll();
    expect(held.text()).toBe('line 0\nline 1\nline 2\n7 lost\n');
    log.write('later\n');
    held.takeAll();
    expect(held.text()).toMatch(/7 lost\nlater\n$/);
  });

  it.each(['ENOSPC', 'EAGAIN', 'EIO', 'EDQUOT', 'ESTALE'])('tries again after %s, and loses nothing', (code) => {
    vi.useFakeTimers();
    const held = heldOutput();
    const log = createLogDestination({ output: held.output, describeLoss });
    log.write('one\n');
    held.fail(code);
    expect(held.isAsked()).toBe(false);
    log.write('two\n');
    vi.advanceTimersByTime(1000);
    held.takeAll();
    expect(held.text()).toBe('one\ntwo\n');
    vi.useRealTimers();
  });

  it.each(['EPIPE', 'EBADF', 'ERR_STREAM_DESTROYED'])(
    'forgets everything after %s: nothing reads it any more',
    async (code) => {
      const held = heldOutput();
      const log = createLogDestination({ output: held.output, describeLoss });
      log.write('one\n');
      held.fail(code);
      log.write('two\n');
      expect(held.isAsked()).toBe(false);
      await log.flush(3_600_000);
    },
  );

  it('is empty when it was flushed', async () => {
    const held = heldOutput();
    const log = createLogDestination({ output: held.output, describeLoss });
    log.write('one\n');
    log.write('two\n');
    const flushed = log.flush(3_600_000);
    held.takeAll();
    await flushed;
    expect(held.text()).toBe('one\ntwo\n');
  });

  it('is not waited for longer than was said', async () => {
    const held = heldOutput();
    const log = createLogDestination({ output: held.output, describeLoss });
    log.write('one\n');
    await log.flush(1);
    expect(held.text()).toBe('');
  });

  it('hands over what waits when the process ends', () => {
    const held = heldOutput();
    const log = createLogDestination({ output: held.output, describeLoss });
    log.write('one\n');
    log.write('two\n');
    log.flushAtExit();
    expect(held.text()).toBe('two\n');
  });
});
