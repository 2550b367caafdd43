import { literal } from './json-rules.ts';
import { characterClass } from './strings-except.ts';

/** A regular expression as a rule for the inside of a JSON string. */
export interface PatternRule {
  readonly body: string;
  /** How many characters its texts have. */
  readonly least: number;
  readonly most: number;
}

/** A pattern that has no rule: the result has to be validated. */
class Unsupported extends Error {}

const LONGEST_PATTERN = 1000;
const MOST_REPETITIONS = 256;
const DEEPEST = 20;

/** Characters that a JSON string contains as they are. */
const PLAIN = '[^"\\\\\\x00-\\x1F]';
/** `.` matches everything but the ends of lines. */
const DOT = '[^"\\\\\\x00-\\x1F\\u2028\\u2029]';
const SPACES = '\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';
const CLASSES: Readonly<Record<string, string>> = { d: '0-9', w: 'a-zA-Z0-9_', s: SPACES };
const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' };

/**
 * Translates a pattern of a schema. Groups, classes, alternatives, repetitions and anchors at the beginning and the end
 * are translated; undefined for look-around, back references, properties of Unicode and anchors elsewhere. The rule may
 * allow fewer texts than the pattern, and never others: it leaves out characters that JSON has to escape where it can.
 */
export function patternRule(pattern: string): PatternRule | undefined {
  if (pattern.length > LONGEST_PATTERN) return undefined;
  try {
    return new PatternReader(pattern).read();
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

class PatternReader {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#characters = [...pattern];
  }

  read(): PatternRule {
    const rule = this.#alternatives(true);
    if (this.#at < this.#characters.length) throw new Unsupported();
    return rule;
  }

  #peek(ahead = 0): string | undefined {
    return this.#characters[this.#at + ahead];
  }

  #take(): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw new Unsupported();
    this.#at += 1;
    return character;
  }

  #takeIf(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  /** @param isWhole whether these are the alternatives of the whole pattern, which may have anchors */
  #alternatives(isWhole: boolean): PatternRule {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Unsupported();
    const all = [this.#sequence(isWhole)];
    while (this.#takeIf('|')) all.push(this.#sequence(isWhole));
    this.#depth -= 1;
    return {
      body: all.length === 1 ? (all[0]?.body ?? '""') : `(${all.map(({ body }) => body).join(' | ')})`,
      least: Math.min(...all.map(({ least }) => least)),
      most: Math.max(...all.map(({ most }) => most)),
    };
  }

  #sequence(isWhole: boolean): PatternRule {
    const isBegun = isWhole && this.#takeIf('^');
    const parts: PatternRule[] = [];
    let isEnded = false;
    while (this.#peek() !== undefined && this.#peek() !== '|' && this.#peek() !== ')') {
      if (isWhole && this.#peek() === '$' && [undefined, '|'].includes(this.#peek(1))) {
        this.#at += 1;
        isEnded = true;
        break;
      }
      parts.push(this.#repeated(this.#atom()));
    }
    const anything = { body: 'character*', least: 0, most: Number.POSITIVE_INFINITY };
    const all = [...(isWhole && !isBegun ? [anything] : []), ...parts, ...(isWhole && !isEnded ? [anything] : [])];
    return {
      body: all.length === 0 ? '""' : all.map(({ body }) => body).join(' '),
      least: all.reduce((sum, { least }) => sum + least, 0),
      most: all.reduce((sum, { most }) => sum + most, 0),
    };
  }

  #repeated(part: PatternRule): PatternRule {
    const [least, most] = this.#counts() ?? [1, 1];
    // A lazy repetition matches the same texts.
    if (least !== 1 || most !== 1) this.#takeIf('?');
    if (least === 1 && most === 1) return part;
    if (least > MOST_REPETITIONS || (most > MOST_REPETITIONS && most !== Number.POSITIVE_INFINITY)) {
      throw new Unsupported();
    }
    const counts = most === Number.POSITIVE_INFINITY ? `{${least},}` : `{${least},${most}}`;
    return {
      body: most === 0 ? '""' : `(${part.body})${counts}`,
      least: part.least * least,
      most: part.most === 0 || most === 0 ? 0 : part.most * most,
    };
  }

  #counts(): [number, number] | undefined {
    if (this.#takeIf('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#takeIf('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#takeIf('?')) return [0, 1];
    if (this.#peek() !== '{') return undefined;
    const end = this.#characters.indexOf('}', this.#at);
    const text = this.#characters.slice(this.#at, end + 1).join('');
    const [, least = '', comma, most = ''] = /^\{(\d{1,6})(,)?(\d{0,6})\}$/.exec(text) ?? [];
    if (least === '') throw new Unsupported();
    this.#at = end + 1;
    const limit = most === '' ? (comma === undefined ? Number(least) : Number.POSITIVE_INFINITY) : Number(most);
    if (limit < Number(least)) throw new Unsupported();
    return [Number(least), limit];
  }

  #atom(): PatternRule {
    const character = this.#take();
    if (character === '(') return this.#group();
    if (character === '[') return one(this.#set());
    if (character === '.') return one(DOT);
    if (character === '\\') return one(this.#escape());
    if ('^$*+?{}'.includes(character)) throw new Unsupported();
    return one(textRule(character));
  }

  #group(): PatternRule {
    if (this.#takeIf('?')) {
      if (this.#takeIf('<')) {
        if (this.#peek() === '=' || this.#peek() === '!') throw new Unsupported();
        while (this.#take() !== '>');
      } else if (!this.#takeIf(':')) throw new Unsupported();
    }
    const inner = this.#alternatives(false);
    if (!this.#takeIf(')')) throw new Unsupported();
    return { ...inner, body: `(${inner.body})` };
  }

  #escape(): string {
    const character = this.#take();
    const inside = CLASSES[character];
    if (inside !== undefined) return `[${inside}]`;
    const outside = CLASSES[character.toLowerCase()];
    if (outside !== undefined && character !== character.toLowerCase()) return `[^"\\\\\\x00-\\x1F${outside}]`;
    return textRule(this.#escapedCharacter(character));
  }

  #escapedCharacter(character: string): string {
    const known = ESCAPED[character];
    if (known !== undefined) return known;
    if (character === 'x' || character === 'u') {
      const length = character === 'x' ? 2 : 4;
      const digits = this.#characters.slice(this.#at, this.#at + length).join('');
      if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length) throw new Unsupported();
      this.#at += length;
      const code = Number.parseInt(digits, 16);
      if (code >= 0xd800 && code <= 0xdfff) throw new Unsupported();
      return String.fromCodePoint(code);
    }
    if (/[a-zA-Z0-9]/.test(character)) throw new Unsupported();
    return character;
  }

  /** A class in brackets. Characters that JSON escapes are left out of it, unless nothing else is in it. */
  #set(): string {
    const isNegated = this.#takeIf('^');
    let inside = '';
    const escaped: string[] = [];
    while (this.#peek() !== ']') {
      const first = this.#setItem();
      const isRange = this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== undefined;
      if (first.length !== 1 && isRange) throw new Unsupported();
      if (first.kind === 'class') inside += first.text;
      else if (isRange) {
        this.#take();
        const last = this.#setItem();
        if (last.kind === 'class' || last.code < first.code) throw new Unsupported();
        inside += rangeOf(first.code, last.code, isNegated);
      } else if (needsEscape(first.code)) escaped.push(String.fromCodePoint(first.code));
      else inside += characterClass(String.fromCodePoint(first.code));
    }
    this.#take();
    if (isNegated) return inside === '' ? PLAIN : `[^"\\\\\\x00-\\x1F${inside}]`;
    const alternatives = [
      ...(inside === '' ? [] : [`[${inside}]`]),
      ...escaped.map((character) => textRule(character)),
    ];
    if (alternatives.length === 0) throw new Unsupported();
    return alternatives.length === 1 ? (alternatives[0] ?? '') : `(${alternatives.join(' | ')})`;
  }

  #setItem():
    | { readonly kind: 'class'; readonly text: string; readonly length: number; readonly code: number }
    | { readonly kind: 'character'; readonly code: number; readonly length: 1 } {
    const character = this.#take();
    if (character !== '\\') return { kind: 'character', code: character.codePointAt(0) ?? 0, length: 1 };
    const named = this.#take();
    const known = CLASSES[named];
    if (known !== undefined) return { kind: 'class', text: known, length: 2, code: 0 };
    if (named === 'b' || CLASSES[named.toLowerCase()] !== undefined) throw new Unsupported();
    return { kind: 'character', code: this.#escapedCharacter(named).codePointAt(0) ?? 0, length: 1 };
  }
}

const one = (body: string): PatternRule => ({ body, least: 1, most: 1 });

const needsEscape = (code: number): boolean => code < 0x20 || code === 0x22 || code === 0x5c;

/** A character as JSON writes it. */
const textRule = (character: string): string => literal(JSON.stringify(character).slice(1, -1));

/** A range without the characters that JSON escapes; in a negated class they are left out anyway. */
function rangeOf(first: number, last: number, isNegated: boolean): string {
  if (isNegated) return `${classText(first)}-${classText(last)}`;
  const cuts = [0x22, 0x5c].filter((code) => code >= first && code <= last);
  const pieces: [number, number][] = [];
  let from = Math.max(first, 0x20);
  for (const cut of cuts) {
    if (from < cut) pieces.push([from, cut - 1]);
    from = cut + 1;
  }
  if (from <= last) pieces.push([from, last]);
  return pieces.map(([low, high]) => (low === high ? classText(low) : `${classText(low)}-${classText(high)}`)).join('');
}

const classText = (code: number): string =>
  code < 0x20 ? `\\x${code.toString(16).padStart(2, '0')}` : characterClass(String.fromCodePoint(code));
