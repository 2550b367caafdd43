import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';

/** The most findings that an error tells. */
const SHOWN = 3;
const LONGEST = 500;

/**
 * Writes the errors that a transport sends in words: the SDK puts the findings of its validator into them as JSON,
 * which no person reads, and with the values that were found.
 */
export function inPlainWords(transport: Transport): Transport {
  const send = transport.send.bind(transport);
  transport.send = (message, options) => send(plain(message), options);
  return transport;
}

function plain(message: JSONRPCMessage): JSONRPCMessage {
  if (!('error' in message)) return message;
  const words = plainWords(message.error.message);
  return words === message.error.message ? message : { ...message, error: { ...message.error, message: words } };
}

/** A message with the findings of a validator in words; other messages stay as they are. */
export function plainWords(message: string): string {
  const start = message.search(/\[\s*\{/);
  if (start === -1) return message;
  const before = withoutLabel(message.slice(0, start));
  const findings = readFindings(message.slice(start, message.lastIndexOf(']') + 1));
  if (findings.length === 0) return before === '' ? 'The request is not what MCP asks for.' : `${before}.`;
  return `${before === '' ? 'Invalid request' : before}: ${findings.slice(0, SHOWN).join('; ')}`.slice(0, LONGEST);
}

/** Without the name of the validator's error at its end. */
function withoutLabel(text: string): string {
  let words = text.trimEnd();
  for (const label of [':', 'ZodError', '$', ':']) {
    if (words.endsWith(label)) words = words.slice(0, -label.length).trimEnd();
  }
  return words;
}

function readFindings(text: string): readonly string[] {
  try {
    const findings: unknown = JSON.parse(text);
    if (!Array.isArray(findings)) return [];
    return findings.flatMap((finding: unknown) => {
      const { path, message } = Object(finding) as { path?: unknown; message?: unknown };
      if (typeof message !== 'string') return [];
      const place = Array.isArray(path) ? path.map(String).join('.') : '';
      return [place === '' ? message : `${place}: ${message}`];
    });
  } catch {
    return [];
  }
}
