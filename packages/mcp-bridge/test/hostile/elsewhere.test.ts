import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Threats that need no hostile process: the file of this package, or of the server, and the title that prove the defence. */
const elsewhere: readonly (readonly [threat: string, file: string, title: string])[] = [
  ['names that collide', 'tools/tool-alias', 'keeps two tools apart whose joined names are equal'],
  ['shadowing', 'host/ephemeral-server', 'does not take the label %s, which the mcp.json has'],
  ['poisoned definitions', 'tools/tool-definition', 'takes hidden characters out of descriptions'],
  ['rug pull', 'pins/pinning', 'remembers across hosts: what changed while nobody looked is held back'],
  ['rug pull in a request', 'pins/pinning', 'refuses a call to a tool that changed while the request ran'],
  [
    'a tool that is forbidden',
    'tools/toolset',
    'says the same of a tool that is forbidden and of one that does not exist',
  ],
  [
    'drift of permissions',
    'tools/listing-is-calling',
    'lists exactly the tools whose calls pass the gate, for any gate',
  ],
  ['a change between check and use', 'tools/toolset', 'shows the gate exactly what is sent'],
  ['a large result', 'tools/tool-result', 'cuts content that is too large'],
  ['a large answer over HTTP', 'real/http-servers', 'is cut off at once when it sends too much as %s'],
  ['an answer that never ends', 'real/http-servers', 'sees the stream of a call that timed out or was aborted end'],
  ['a crash loop', 'host/connection', 'is tried once every half minute after five failures'],
  ['a slow neighbour', 'host/connection', 'does not let one that hangs delay the list of another'],
  ['a session that is forgotten', 'real/http-servers', 'is not called for ever when it forgets each session'],
  [
    'patterns that backtrack',
    'tools/argument-validator',
    'checks a pattern that backtracks without end in linear time',
  ],
  ['addresses that are not public', 'transport/address-policy', 'says the same of an IPv4 address and of the two IPv6'],
  ['DNS rebinding', 'transport/pinned-fetch', 'resolves the name once: what it says later changes nothing'],
  ['redirects', 'host/ephemeral-server', 'goes nowhere else by a redirect'],
  ['redirects with credentials', 'real/http-servers', 'does not get the headers of the mcp.json sent elsewhere'],
  ['headers that smuggle', 'transport/caller-headers', 'refuses the name %j'],
  ['secrets that are printed', 'real/credential-commands', 'hides them from what it printed'],
  ['a shell', 'real/stdio-transport', 'runs no shell: arguments arrive as they are'],
  ['a grown sandbox', 'sandbox/sandboxed-servers', 'can not open more to its next start by a link'],
  ['a host that was killed', 'real/killed-host', 'leaves nothing of a server, nor of what that has started'],
  ['commands from requests', '../../server/test/security/no-spawn', 'never starts a program, whatever its shape'],
];

it.each(elsewhere)('proves its defence: %s', (_, file, title) => {
  expect(readFileSync(new URL(`../${file}.test.ts`, import.meta.url), 'utf8')).toContain(title);
});
