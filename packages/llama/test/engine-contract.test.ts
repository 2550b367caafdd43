import { engineContract } from '@latchkey/engine/testing';
import { afterAll, describe, it } from 'vitest';
import { newEngine } from './nano.ts';

const engine = newEngine();
afterAll(() => engine[Symbol.asyncDispose]());

describe('the embedded engine', () => {
  it.each(engineContract(async () => ({ engine, key: 'latchkey/nano', [Symbol.asyncDispose]: async () => {} })))(
    '$name',
    ({ run }) => run(),
  );
});
