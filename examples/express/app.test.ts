import { adapterContract } from '@latchkey/auth-core/testing';
import { describe, it } from 'vitest';
import { listen } from '../listen.ts';
import { createApp } from './app.ts';

describe('auth-core in Express', () => {
  for (const { name, run } of adapterContract((parts) => listen(createApp(parts)))) it(name, run);
});
