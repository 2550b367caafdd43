// The main use case on a bare machine: a real server, a real model, real MCP servers, and tokens that decide.

import { parseArgs } from 'node:util';
import { interruption } from './interruption.ts';
import { show } from './show.ts';
import { type DemoServer, startServer } from './start-server.ts';
import { curlCommand, playStory } from './story.ts';

const { values: flags } = parseArgs({ options: { serve: { type: 'boolean', default: false } } });

await using server = await startServer();
try {
  process.exitCode = (await play(server)) ? 0 : 1;
  if (flags.serve) await serveOn(server);
} catch (error) {
  process.exitCode = interruption.aborted ? 130 : 1;
  if (!interruption.aborted) console.error(`The demo cannot go on: ${messageOf(error)}`);
}

/** Plays the story and prints how to continue by hand; true when every check passed. */
async function play({ ready }: DemoServer): Promise<boolean> {
  const { url, adminToken, files } = await ready;
  show.title(`latchkey listens on ${url}`);
  show.quiet('model latchkey/nano (2.9 million parameters), also known as ibm/granite-4-micro');
  show.quiet('MCP servers mcp/tiktoken, mcp/files, mcp/weather, mcp/everything');

  const { failures, readerToken } = await playStory(url, adminToken, files);

  show.title('Now you');
  if (flags.serve) show.line(`export LM_API_TOKEN=${readerToken}`);
  else show.quiet('npm run demo -- --serve leaves the server running and gives you the token for this:');
  process.stdout.write(`${curlCommand(url)}\n\n`);

  if (failures.length > 0) console.error(`Not as it should be: ${failures.join('; ')}`);
  return failures.length === 0;
}

async function serveOn({ ended }: DemoServer): Promise<void> {
  show.line('The server runs until you press Ctrl-C.');
  const interrupted = new Promise<void>((resolve) => {
    interruption.addEventListener('abort', () => resolve(), { once: true });
  });
  if (!interruption.aborted) await Promise.race([interrupted, ended]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
