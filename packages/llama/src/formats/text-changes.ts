import { fold, type SpecialTexts } from './special-texts.ts';

/** Filters and methods that change the case of a text. */
const CASES = /\b(?:lower|upper|title|capitalize|swapcase|casefold)\b/;
const QUOTES = ['"', "'"];
/** How much of a call is read. */
const LONGEST_CALL = 512;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** What a template may turn a text into, as far as its source shows: replaced, divided and joined, in another case. */
export class TextChanges {
  readonly #folds: boolean;
  /** A text that is replaced, and what replaces it. */
  readonly #replaced: readonly (readonly [from: string | RegExp, to: string])[];

  constructor(template: string) {
    this.#folds = CASES.test(template);
    this.#replaced = [
      ...argumentsOf(template, 'replace').map(([from = '', to = '']) => [from, to] as const),
      ...argumentsOf(template, 'split').map(([from = /\s/g]) => [from, ''] as const),
    ].filter(([from]) => from !== '');
  }

  /** Whether a special text may come about in a text that has been changed, or at its edges. */
  mayMakeSpecial(text: string, specials: SpecialTexts, mark: string): boolean {
    if (!this.#folds && this.#replaced.length === 0) return false;
    const each = this.#replaced.map((pair) => replace(text, pair));
    const changed = new Set([text, ...each, this.#replaced.reduce(replace, text)]);
    const known = this.#folds ? specials.folded : specials;
    if (!this.#folds) changed.delete(text);
    return [...changed].some((one) => {
      const written = this.#folds ? fold(one) : one;
      return known.breakUp(written, mark) !== written;
    });
  }
}

const replace = (text: string, [from, to]: readonly [string | RegExp, string]): string =>
  text.replaceAll(from as string, () => to);

/** The quoted texts between the parentheses of each call of a filter or method. */
function argumentsOf(template: string, name: string): string[][] {
  const calls: string[][] = [];
  for (let at = template.indexOf(name); at >= 0; at = template.indexOf(name, at + 1)) {
    const rest = template.slice(at + name.length, at + name.length + LONGEST_CALL).trimStart();
    if (rest.startsWith('(')) calls.push(quotedIn(rest.slice(1)));
  }
  return calls;
}

/** The quoted texts up to the closing parenthesis. */
function quotedIn(source: string): string[] {
  const found: string[] = [];
  let quote: string | undefined;
  let text = '';
  for (let index = 0; index < source.length; index++) {
    const unit = source[index] ?? '';
    if (quote === undefined) {
      if (unit === ')') break;
      if (QUOTES.includes(unit)) quote = unit;
    } else if (unit === '\\') {
      index++;
      const escaped = source[index] ?? '';
      text += ESCAPES[escaped] ?? escaped;
    } else if (unit === quote) {
      found.push(text);
      text = '';
      quote = undefined;
    } else text += unit;
  }
  return found;
}
