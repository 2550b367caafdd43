import type { ChatMessage, ToolCallRequest } from '@latchkey/engine';
import type { TurnRecord } from './chat-turn.ts';

/** Marks a call in a stored message that its caller was asked to confirm. Engines do not read it. */
interface Held {
  readonly isHeld: true;
}

/**
 * Marks calls of the last message: no later request makes them unless it confirms them, whatever API it uses and
 * whatever it says about its tools.
 */
export function holdCalls({ added }: Pick<TurnRecord, 'added'>, ids: ReadonlySet<string>): void {
  const last = added.at(-1);
  if (last?.role !== 'assistant' || ids.size === 0) return;
  const content = last.content.map((part) =>
    part.type === 'tool_call' && ids.has(part.id) ? Object.assign<typeof part, Held>({ ...part }, HELD) : part,
  );
  added[added.length - 1] = { ...last, content } satisfies ChatMessage;
}

const HELD: Held = { isHeld: true };

export const isHeld = (call: ToolCallRequest): boolean => 'isHeld' in call && call.isHeld === true;
