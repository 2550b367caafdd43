import type { ChatDialect, WireEvent } from '../contracts/chat-dialect.ts';
import { events, lines, type Reply } from './reply.ts';
import { inOneLine, toFrame } from './sse.ts';

/** How the events of an API become a stream. */
export interface Framing {
  readonly toFrame: (event: WireEvent) => string;
  readonly reply: (frames: AsyncIterable<string>) => Reply;
}

/** The framing of a dialect: server-sent events, or lines of JSON. */
export function framingOf({ framing, heartbeat }: Pick<ChatDialect, 'framing' | 'heartbeat'>): Framing {
  if (framing === 'lines') return { toFrame: ({ data }) => `${inOneLine(data)}\n`, reply: lines };
  return { toFrame, reply: (frames) => events(frames, heartbeat && toFrame(heartbeat)) };
}
