import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type NotesServer, startNotesServer } from '../support/notes-over-http.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const secret = 'canary-of-the-notes';
let notes: NotesServer;
let server: TestServer;
let holder: HeldToken;
beforeAll(async () => {
  notes = await startNotesServer(secret);
  const entry = (variable: string) => ({ url: notes.url, headers: { Authorization: `Bearer \${${variable}}` } });
  server = await startServer({
    config: { log: 'trace' },
    mcpServers: { notes: entry('NOTES_SECRET'), refused: entry('WRONG_SECRET') },
    environment: { NOTES_SECRET: secret, WRONG_SECRET: 'canary-that-is-wrong' },
  });
  holder = await createToken(server, 'holder', withTools({ 'mcp/*': { '*': {} } }));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await notes[Symbol.asyncDispose]();
});

const ask = (id: string) => holder.chat({ input: 'Fetch the note.', integrations: [id] });

describe('an MCP server over HTTP', () => {
  verifies('tools.http', async () => {
    const { body } = await ask('mcp/notes');
    expect(body.output[0]).toMatchObject({
      type: 'tool_call',
      tool: 'fetch_note',
      output: JSON.stringify([{ type: 'text', text: 'The herring is red.' }]),
    });
    expect(server.log.lines.join('\n')).not.toContain(secret);
  });

  verifies('tools.no-passthrough', async () => {
    await ask('mcp/notes');
    expect(notes.seen.length).toBeGreaterThan(0);
    expect(JSON.stringify(notes.seen)).not.toContain(holder.token.slice(-20));
  });

  verifies('tools.http-refused', async () => {
    const answer = await ask('mcp/refused');
    expect(answer).toMatchObject({ status: 502, body: { error: { code: 'plugin_unavailable' } } });
    expect(JSON.stringify(answer.body)).not.toMatch(/canary|127\.0\.0\.1/);
    expect(server.log.lines.join('\n')).not.toContain('canary');
    expect((await ask('mcp/notes')).status).toBe(200);
  });
});
