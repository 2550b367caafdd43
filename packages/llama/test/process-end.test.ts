import { afterEach, describe, expect, it } from 'vitest';
import { describeModels } from '../src/describe-models.ts';
import { loadErrorOf } from '../src/process-end.ts';

const end = { exitCode: null, signal: null, wasSilent: false, output: 'the last words' };

describe('an engine process that does not start', () => {
  const { execPath } = process;
  afterEach(() => {
    process.execPath = execPath;
  });

  it.each([
    ['/nonexistent/node', 'removed or replaced'],
    [import.meta.filename, 'may not run'],
  ])('tells why, for a program at %s', async (path, why) => {
    process.execPath = path;
    const [failure] = await describeModels(['/nonexistent/model.gguf'], new AbortController().signal);
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining(why) });
  });

  it('is told with a code that has no words here', () => {
    expect(loadErrorOf({ ...end, startError: 'ELOOP' })).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('could not be started: ELOOP.'),
    });
  });
});

describe('an engine process that ends while it loads a model', () => {
  it.each([
    ['SIGKILL', 'memory'],
    ['SIGILL', 'processor'],
    ['SIGBUS', 'changed'],
    ['SIGTERM', 'signal'],
  ])('by %s says nothing about the file', (signal, word) => {
    expect(loadErrorOf({ ...end, signal })).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining(word),
      detail: expect.stringContaining('the last words'),
    });
  });

  it.each([
    ['that was ended because it said nothing', { signal: 'SIGKILL', wasSilent: true }, 'said nothing'],
    ['that did not start', {}, 'could not be started'],
  ])('%s says nothing about the file', (_, change, word) => {
    expect(loadErrorOf({ ...end, ...change })).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining(word),
    });
  });

  it.each([{ signal: 'SIGSEGV' }, { signal: 'SIGABRT' }, { exitCode: 1 }])(
    'by a crash of its own speaks against the file: %j',
    (change) => {
      expect(loadErrorOf({ ...end, ...change })).toMatchObject({ code: 'MODEL_LOAD_FAILED' });
    },
  );
});
