import { type AdapterParts, adapterContract } from '@latchkey/auth-core/testing';
import { describe, it } from 'vitest';
import { listen } from '../listen.ts';
import { createApp } from './app.ts';

describe('auth-core in Koa', () => {
  async function start(parts: AdapterParts) {
    const app = createApp(parts);
    app.silent = true;
    return listen(app.callback());
  }

  for (const { name, run } of adapterContract(start)) it(name, run);
});
