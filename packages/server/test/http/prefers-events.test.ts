import { expect, it } from 'vitest';
import { prefersEvents } from '../../src/http/prefers-events.ts';

it.each([
  ['text/event-stream', true],
  ['Text/Event-Stream; q=0.5', true],
  ['text/event-stream, application/json', true],
  ['application/json;q=0.5, text/event-stream', true],
  ['text/*', true],
  ['*/*, text/event-stream', true],
  ['application/json, text/event-stream', false],
  ['text/event-stream;q=0.5, application/json', false],
  ['text/event-stream;q=0', false],
  ['text/html', false],
  ['*/*', false],
  ['', false],
  [undefined, false],
])('an Accept of %j is answered with events: %s', (accept, expected) => {
  expect(prefersEvents(accept)).toBe(expected);
});
