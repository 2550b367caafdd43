import { expect, it } from 'vitest';
import { probeBackend } from '../src/index.ts';

const PATIENCE_MILLISECONDS = 60_000;

it('says what llama.cpp runs on, without a model', { timeout: PATIENCE_MILLISECONDS }, async () => {
  const { device, threads, release, gpus } = await probeBackend('off');
  expect(device).toBe('cpu');
  expect(gpus).toEqual([]);
  expect(threads).toBeGreaterThanOrEqual(1);
  expect(release).not.toBe('');
});
