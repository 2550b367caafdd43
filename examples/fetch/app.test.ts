import { adapterContract } from '@latchkey/auth-core/testing';
import { describe, it } from 'vitest';
import { createHandler } from './app.ts';
import { serveFetch } from './serve.ts';

describe('auth-core in a fetch handler', () => {
  for (const { name, run } of adapterContract((parts) => serveFetch(createHandler(parts)))) it(name, run);
});
