import { getRequestListener } from '@hono/node-server';
import { adapterContract } from '@latchkey/auth-core/testing';
import { describe, it } from 'vitest';
import { listen } from '../listen.ts';
import { createApp } from './app.ts';

describe('auth-core in Hono', () => {
  for (const { name, run } of adapterContract((parts) => listen(getRequestListener(createApp(parts).fetch)))) {
    it(name, run);
  }
});
