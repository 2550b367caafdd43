// The main job, on a bare machine: a real server, a real model, a real MCP server, tokens that decide.

import { parseArgs } from 'node:util';
import { show } from './show.ts';
import { startServer } from './start-server.ts';
import { curlCommand, playStory } from './story.ts';

const { values: flags } = parseArgs({ options: { serve: { type: 'boolean', default: false } } });

await using server = await startServer();
show.title(`latchkey listens on ${server.url}`);
show.quiet('model latchkey/nano (2.9 million parameters), also known as ibm/granite-4-micro');
show.quiet('MCP servers mcp/tiktoken, mcp/files, mcp/weather');

const { failures, readerToken } = await playStory(server.url, server.adminToken);

show.title('Now you');
if (flags.serve) show.line(`export LM_API_TOKEN=${readerToken}`);
else show.quiet('npm run demo -- --serve leaves the server running and gives you the token for this:');
process.stdout.write(`${curlCommand(server.url)}\n\n`);

if (failures.length > 0) {
  process.exitCode = 1;
  console.error(`Not as it should be: ${failures.join('; ')}`);
}
if (flags.serve) {
  show.line('The server runs until you press Ctrl-C.');
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await Promise.race([interrupted, server.ended]);
}
