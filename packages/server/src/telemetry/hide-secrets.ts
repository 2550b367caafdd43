/** A part of a text; the end is exclusive. */
interface Span {
  readonly start: number;
  readonly end: number;
}

const HIDDEN = '***';
const KEY_PREFIX = 'sk-lm-';
const KEY_ID_CHARACTERS = 8;
const KEY_SECRET_CHARACTERS = 20;
const PLACE_PREFIX = 'lkp_';
const PLACE_ID_CHARACTERS = 10;
const PLACE_SECRET_CHARACTERS = 30;
const LEGACY_CHARACTERS = 40;
const LEGACY_SHOWN = 10;
const SIGNATURE_CHARACTERS = 16;
const TAG_CHARACTERS = 64;
/** Of a key with its prefix and its id. */
const SHORTEST_BASE64 = 20;

/**
 * Removes the secret of every token in a text where no token belongs, such as a path or a model name, also when it is
 * percent-encoded any number of times. It is a scanner with linear time; a regular expression would start again at each
 * place that looks like a beginning.
 */
export const hideSecrets = (text: string): string => hide(text, false);

/**
 * Returns at most `length` characters of a text, without secrets. The text is cut first, and the rest of a secret at
 * the cut is hidden as well.
 */
export const excerpt = (text: string, length: number): string =>
  text.length <= length ? hide(text, false) : `${hide(text.slice(0, length), true)}…`;

function hide(text: string, isCut: boolean): string {
  // No secret is as short, in any encoding; most texts are names.
  if (!isCut && text.length < SHORTEST_BASE64) return text;
  const { decoded, starts } = decodePercent(text);
  const at = (index: number): number => (starts === undefined ? index : (starts[index] ?? text.length));
  let hidden = '';
  let kept = 0;
  for (const { start, end } of inOrder([...plainSpans(decoded, isCut), ...base64Spans(decoded, isCut)])) {
    if (at(start) < kept) continue;
    hidden += text.slice(kept, at(start)) + HIDDEN;
    kept = at(end);
  }
  return kept === 0 ? text : hidden + text.slice(kept);
}

const inOrder = (spans: readonly Span[]): readonly Span[] => spans.toSorted((one, other) => one.start - other.start);

/** Decodes `%3A`, `%253A` and so on to one character each; `starts` maps each to its position in the text. */
function decodePercent(text: string): { readonly decoded: string; readonly starts?: readonly number[] } {
  if (!text.includes('%')) return { decoded: text };
  const starts: number[] = [];
  const characters: string[] = [];
  let at = 0;
  while (at < text.length) {
    starts.push(at);
    let digits = at + 1;
    if (text[at] === '%') {
      while (text.startsWith('25', digits) && isHexPair(text, digits + 2)) digits += 2;
    }
    const isEncoded = text[at] === '%' && isHexPair(text, digits);
    characters.push(
      isEncoded ? String.fromCharCode(Number.parseInt(text.slice(digits, digits + 2), 16)) : (text[at] ?? ''),
    );
    at = isEncoded ? digits + 2 : at + 1;
  }
  return { decoded: characters.join(''), starts };
}

const isHexPair = (text: string, at: number): boolean => isHex(text, at) && isHex(text, at + 1);

/** Finds API keys: the secret follows the id and a colon. */
function* keySpans(text: string, isCut: boolean): Generator<Span> {
  const lower = text.toLowerCase();
  for (let at = lower.indexOf(KEY_PREFIX); at !== -1; at = lower.indexOf(KEY_PREFIX, at + 1)) {
    const colon = at + KEY_PREFIX.length + KEY_ID_CHARACTERS;
    if (runLength(text, at + KEY_PREFIX.length, isAlphanumeric, KEY_ID_CHARACTERS) < KEY_ID_CHARACTERS) continue;
    if (text[colon] !== ':') continue;
    const length = runLength(text, colon + 1, isAlphanumeric, KEY_SECRET_CHARACTERS);
    const end = colon + 1 + length;
    if (length === KEY_SECRET_CHARACTERS || (isCut && length > 0 && end === text.length))
      yield { start: colon + 1, end };
  }
}

/** Finds place-bound tokens: the secret follows the id. */
function* placeSpans(text: string, isCut: boolean): Generator<Span> {
  const lower = text.toLowerCase();
  for (let at = lower.indexOf(PLACE_PREFIX); at !== -1; at = lower.indexOf(PLACE_PREFIX, at + 1)) {
    const start = at + PLACE_PREFIX.length + PLACE_ID_CHARACTERS;
    const most = PLACE_ID_CHARACTERS + PLACE_SECRET_CHARACTERS;
    const end = at + PLACE_PREFIX.length + runLength(text, at + PLACE_PREFIX.length, isAlphanumeric, most);
    if (end === start + PLACE_SECRET_CHARACTERS || (isCut && end > start && end === text.length)) yield { start, end };
  }
}

function* plainSpans(text: string, isCut: boolean): Generator<Span> {
  yield* keySpans(text, isCut);
  yield* placeSpans(text, isCut);
  yield* wordSpans(text, isCut);
}

/**
 * Finds base64 runs, in both alphabets, that contain a token, such as the value of `Authorization: Basic`. The token
 * can start at any of four offsets in a group, so each of the four is tried.
 */
function* base64Spans(text: string, isCut: boolean): Generator<Span> {
  let at = 0;
  while (at < text.length) {
    const length = runLength(text, at, isBase64);
    const end = at + length;
    const run = length < SHORTEST_BASE64 ? '' : text.slice(at, end);
    const endsCut = isCut && end === text.length;
    for (let skipped = 0; skipped < Math.min(4, run.length); skipped += 1) {
      const held = Buffer.from(run.slice(skipped), 'base64').toString('latin1');
      const from = at + skipped;
      for (const span of plainSpans(held, endsCut)) {
        yield {
          start: from + Math.floor((span.start * 4) / 3),
          end: Math.min(end, from + Math.ceil((span.end * 4) / 3)),
        };
      }
    }
    at = end + 1;
  }
}

const NOTHING = { isHeader: false, isEmpty: true };

/**
 * Finds signed and attenuated tokens, whose parts are joined by dots, and legacy tokens, which are hexadecimal digits.
 */
function* wordSpans(text: string, isCut: boolean): Generator<Span> {
  // A signature is the third of three parts, so the two parts before it are remembered.
  let first = NOTHING;
  let second = first;
  let isAttenuated = false;
  let at = 0;
  while (at < text.length) {
    const end = at + runLength(text, at, isPartOfToken);
    const endsCut = isCut && end === text.length;
    const part = text.slice(at, end);
    if (first.isHeader && !second.isEmpty && (part.length >= SIGNATURE_CHARACTERS || (endsCut && part !== '')))
      yield { start: at, end };
    const digits = runLength(text, at, isHex, TAG_CHARACTERS);
    if (isAttenuated && (digits === TAG_CHARACTERS || (endsCut && digits > 0 && at + digits === end))) {
      yield { start: at, end: at + digits };
    } else {
      yield* legacySpans(text, { start: at, end }, endsCut);
    }
    const goesOn = text[end] === '.';
    const header = part.indexOf('eyJ');
    first = goesOn ? second : NOTHING;
    second = goesOn ? { isHeader: header !== -1 && header + 3 < part.length, isEmpty: part === '' } : NOTHING;
    isAttenuated = goesOn && (isAttenuated || part.includes('lka_'));
    at = end + 1;
  }
}

/** Finds runs of exactly forty digits with a word boundary on both sides. */
function* legacySpans(text: string, { start, end }: Span, endsCut: boolean): Generator<Span> {
  let at = start;
  while (at < end) {
    const length = runLength(text, at, isWord, end - at);
    const digits = length > LEGACY_CHARACTERS ? 0 : runLength(text, at, isLowerHex, length);
    const isWhole = length === LEGACY_CHARACTERS || (endsCut && at + length === end && length > LEGACY_SHOWN);
    if (digits === length && isWhole) yield { start: at + LEGACY_SHOWN, end: at + length };
    at += length + 1;
  }
}

function runLength(
  text: string,
  from: number,
  isPart: (text: string, at: number) => boolean,
  most = Number.POSITIVE_INFINITY,
): number {
  let length = 0;
  while (length < most && isPart(text, from + length)) length += 1;
  return length;
}

const isBetween = (code: number, first: number, last: number): boolean => code >= first && code <= last;

function isAlphanumeric(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return isBetween(code, 0x30, 0x39) || isBetween(code, 0x41, 0x5a) || isBetween(code, 0x61, 0x7a);
}

const isWord = (text: string, at: number): boolean => isAlphanumeric(text, at) || text[at] === '_';
const isBase64 = (text: string, at: number): boolean => isPartOfToken(text, at) || text[at] === '+' || text[at] === '/';
const isPartOfToken = (text: string, at: number): boolean => isWord(text, at) || text[at] === '-';

function isLowerHex(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return isBetween(code, 0x30, 0x39) || isBetween(code, 0x61, 0x66);
}

function isHex(text: string, at: number): boolean {
  return isLowerHex(text, at) || isBetween(text.charCodeAt(at), 0x41, 0x46);
}
