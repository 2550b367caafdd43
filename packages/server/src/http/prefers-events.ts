/**
 * How much a media type is preferred: its weight, then how specifically it was named, then its position in the header.
 */
interface Wish {
  readonly weight: number;
  readonly exactness: number;
  readonly place: number;
}

/** Whether an `Accept` header (RFC 9110 section 12.5.1) prefers server-sent events to JSON. */
export function prefersEvents(accept = ''): boolean {
  const ranges = new Map(accept.split(',').map(readRange));
  const wishFor = (...names: readonly string[]): Wish => {
    const found = names.findIndex((name) => ranges.has(name));
    return { exactness: -found, weight: 0, place: 0, ...ranges.get(names[found] ?? '') };
  };
  const events = wishFor('text/event-stream', 'text/*', '*/*');
  const value = wishFor('application/json', 'application/*', '*/*');
  if (events.weight !== value.weight) return events.weight > value.weight;
  if (events.exactness !== value.exactness) return events.weight > 0 && events.exactness > value.exactness;
  return events.place < value.place;
}

function readRange(range: string, place: number): [name: string, wish: Pick<Wish, 'weight' | 'place'>] {
  const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
  return [name, { weight: Number.parseFloat(weight) || 0, place }];
}
