import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { missingPrograms, runPage } from '../support/run-page.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

describe('docs/tokens.md', () => {
  verifies('docs.tokens', async () => {
    const missing = missingPrograms();
    // What they do is tested elsewhere, too; this is about how they are written down.
    if (missing.length > 0)
      return console.warn(`The commands of docs/tokens.md were not run: no ${missing.join(', ')}.`);
    using home = createTemporaryFolder();
    await using server = await startServer({ data: join(home.path, '.latchkey') });
    const { exitCode, transcript } = await runPage('docs/tokens.md', server.url, home.path);
    expect(exitCode, transcript).toBe(0);
    expect(transcript).toContain('models:read');
  });
});
