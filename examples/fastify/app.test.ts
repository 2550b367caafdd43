import { type AdapterParts, adapterContract } from '@latchkey/auth-core/testing';
import { describe, it } from 'vitest';
import { createApp } from './app.ts';

describe('auth-core in Fastify', () => {
  async function start(parts: AdapterParts) {
    const app = createApp(parts);
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
  }

  for (const { name, run } of adapterContract(start)) it(name, run);
});
