/** The limits of a JSON text, whatever its meaning. */
export interface JsonBounds {
  /** Values of all kinds, keys not counted. */
  readonly values: number;
  readonly depth: number;
  /** Keys of one object. */
  readonly keys: number;
  /** Characters of one key, as written in the text. */
  readonly keyCharacters: number;
  /** Characters of one string, as written in the text. */
  readonly stringCharacters: number;
  /** Whether `__proto__` is accepted as a key. Most objects built from such a text would silently lose it. */
  readonly protoKeys: boolean;
}

/** What is wrong with a JSON text, and at which path; the path of the whole text is empty. */
export interface JsonFault {
  readonly path: string;
  /** E.g. `is nested more than 100 levels deep`. */
  readonly problem: string;
  /** Whether a limit is exceeded; otherwise the text contains something that parsing would change. */
  readonly isExcess: boolean;
}

/** The longest number, in characters: more digits than any program needs. */
const NUMBER_CHARACTERS = 1024;
const PATH_SEGMENTS = 8;
const SEGMENT_CHARACTERS = 64;

interface Frame {
  readonly isArray: boolean;
  count: number;
  /** In an object, the key of the next value; undefined while a key is expected. */
  key: string | undefined;
  /** In an object with more than one key. */
  keys: Set<string> | undefined;
  first: string | undefined;
}

/**
 * Scans a JSON text once, in linear time and with memory for its depth, before it is parsed. Besides exceeded limits,
 * it refuses what `JSON.parse` would change silently: a key that appears twice, and a number outside the range of
 * numbers. In a text that is not JSON it finds no fault before the place where `JSON.parse` stops.
 *
 * @param counted the values that several texts of one request hold together; `bounds.values` then limits the total
 */
export function scanJson(
  text: string,
  bounds: JsonBounds,
  counted: { values: number } = { values: 0 },
): JsonFault | undefined {
  const frames: Frame[] = [];
  let at = 0;

  const fault = (problem: string, isExcess = true): JsonFault => ({ path: pathOf(frames), problem, isExcess });
  const begin = (): JsonFault | undefined => {
    const frame = frames.at(-1);
    if (frame?.isArray) frame.count += 1;
    counted.values += 1;
    return counted.values > bounds.values
      ? { path: '', problem: `holds more than ${bounds.values} values`, isExcess: true }
      : undefined;
  };

  for (;;) {
    const frame = frames.at(-1);
    const code = text.charCodeAt(at);
    switch (code) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
      case 0x3a: // :
        at += 1;
        break;
      case 0x2c: // ,
        if (frame === undefined) return undefined;
        frame.key = undefined;
        at += 1;
        break;
      case 0x5b: // [
      case 0x7b: {
        const excess = begin();
        if (excess !== undefined) return excess;
        if (frames.length === bounds.depth) return fault(`is nested more than ${bounds.depth} levels deep`);
        frames.push({ isArray: code === 0x5b, count: 0, key: undefined, keys: undefined, first: undefined });
        at += 1;
        break;
      }
      case 0x5d: // ]
      case 0x7d:
        if (frame === undefined) return undefined;
        frames.pop();
        at += 1;
        break;
      case 0x22: {
        const end = endOfString(text, at);
        if (end === -1) return undefined;
        const length = end - at - 1;
        if (frame !== undefined && !frame.isArray && frame.key === undefined) {
          if (length > bounds.keyCharacters) {
            return fault(`has a key of more than ${bounds.keyCharacters} characters`);
          }
          const key = readKey(text.slice(at, end + 1));
          if (key === undefined) return undefined;
          if (isRepeated(frame, key)) {
            frame.key = key;
            return fault('appears twice', false);
          }
          frame.count += 1;
          if (frame.count > bounds.keys) return fault(`has more than ${bounds.keys} keys`);
          if (key === '__proto__' && !bounds.protoKeys)
            return fault("has a key '__proto__', which cannot be passed on", false);
          frame.key = key;
        } else {
          const excess = begin();
          if (excess !== undefined) return excess;
          if (length > bounds.stringCharacters) {
            return fault(`is longer than ${bounds.stringCharacters} characters`);
          }
        }
        at = end + 1;
        break;
      }
      default: {
        const end = endOfWord(text, at);
        if (end === at) return undefined;
        const excess = begin();
        if (excess !== undefined) return excess;
        if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
          if (end - at > NUMBER_CHARACTERS) return fault(`is a number of more than ${NUMBER_CHARACTERS} characters`);
          const number = Number(text.slice(at, end));
          if (number === Number.POSITIVE_INFINITY || number === Number.NEGATIVE_INFINITY) {
            return fault('is a number beyond the range of numbers', false);
          }
        } else if (!LITERALS.has(text.slice(at, Math.min(end, at + 6)))) return undefined;
        at = end;
      }
    }
  }
}

const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/** Returns the position of the quote that ends a string; -1 when there is none. */
function endOfString(text: string, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return -1;
    let before = quote - 1;
    while (text.charCodeAt(before) === 0x5c && before > start) before -= 1;
    if ((quote - before) % 2 === 1) return quote;
    from = quote + 1;
  }
}

/** Letters, digits, signs and dots: numbers and literals. */
function endOfWord(text: string, start: number): number {
  let end = start;
  for (;;) {
    const code = text.charCodeAt(end);
    const isPart =
      (code >= 0x30 && code <= 0x39) ||
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x41 && code <= 0x5a) ||
      code === 0x2d ||
      code === 0x2b ||
      code === 0x2e;
    if (!isPart) return end;
    end += 1;
  }
}

function readKey(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

function isRepeated(frame: Frame, key: string): boolean {
  if (frame.first === undefined) {
    frame.first = key;
    return false;
  }
  frame.keys ??= new Set([frame.first]);
  if (frame.keys.has(key)) return true;
  frame.keys.add(key);
  return false;
}

/** Formats a path as callers write it, e.g. `messages[3].content`, at most one line long. */
function pathOf(frames: readonly Frame[]): string {
  const segments = frames.flatMap(({ isArray, count, key }): string[] => {
    if (isArray) return count === 0 ? [] : [`[${count - 1}]`];
    return key === undefined ? [] : [segmentOf(key)];
  });
  const shown = segments.slice(0, PATH_SEGMENTS).join('').replace(/^\./, '');
  return segments.length > PATH_SEGMENTS ? `${shown}…` : shown;
}

function segmentOf(key: string): string {
  if (/^[A-Za-z_$][\w$-]{0,63}$/.test(key)) return `.${key}`;
  return `[${JSON.stringify(key.slice(0, SEGMENT_CHARACTERS))}]`;
}
