interface TrieNode {
  readonly children: Map<string, TrieNode>;
  ends: boolean;
}

/** The texts of a vocabulary's special tokens, with a fast search that does not depend on their number. */
export class SpecialTexts {
  readonly #root: TrieNode = newNode();
  readonly #beginnings = new Set<string>();
  readonly #endings = new Set<string>();
  readonly #byCore = new Map<string, string[]>();
  readonly #longest: number;
  readonly #texts: readonly string[];
  #folded: SpecialTexts | undefined;

  /** Texts of a single character are left out: they cannot be broken up, and no template uses them as markers. */
  constructor(texts: Iterable<string>) {
    let longest = 0;
    for (const text of new Set(texts)) {
      if (firstCharacter(text).length === text.length) continue;
      longest = Math.max(longest, text.length);
      let node = this.#root;
      for (const unit of text.split('')) {
        let next = node.children.get(unit);
        if (next === undefined) {
          next = newNode();
          node.children.set(unit, next);
        }
        node = next;
      }
      node.ends = true;
      for (let cut = 1; cut < text.length; cut++) {
        this.#beginnings.add(text.slice(0, cut));
        this.#endings.add(text.slice(cut));
      }
      this.#byCore.set(coreOf(text), [...(this.#byCore.get(coreOf(text)) ?? []), text]);
    }
    this.#longest = longest;
    this.#texts = [...this.#byCore.values()].flat();
  }

  /** The same texts in the case that all their spellings have in common. */
  get folded(): SpecialTexts {
    this.#folded ??= new SpecialTexts(this.#texts.map(fold));
    return this.#folded;
  }

  /**
   * `text` with `mark` inside every special text in it, and at its edges where, together with the template's text
   * around it, it might form a special text.
   */
  breakUp(text: string, mark: string): string {
    const inner = this.#breakInside(text, mark);
    const before = this.#completesAtStart(text) ? mark : '';
    const after = this.#beginsAtEnd(text) ? mark : '';
    return before + inner + after;
  }

  /** `text` with `mark` at its edges and after each sign: whatever part of it is taken out, the rest is broken up. */
  breakEverywhere(text: string, mark: string): string {
    return mark + text.replace(/[^\p{L}\p{M}\p{N}\s]/gu, (sign) => sign + mark) + mark;
  }

  /** Whether a special text of `text` begins before `cut` and ends after it. */
  spans(text: string, cut: number): boolean {
    for (let start = Math.max(0, cut - this.#longest + 1); start < cut; start++) {
      if (this.#lengthAt(text, start) > cut - start) return true;
    }
    return false;
  }

  /** `text` split into special texts and the text between them; of two at the same place, the longer one. */
  split(text: string): { readonly text: string; readonly special: boolean }[] {
    const parts: { readonly text: string; readonly special: boolean }[] = [];
    let from = 0;
    for (let at = 0; at < text.length; ) {
      const length = this.#lengthAt(text, at);
      if (length === 0) {
        at += 1;
        continue;
      }
      if (at > from) parts.push({ text: text.slice(from, at), special: false });
      parts.push({ text: text.slice(at, at + length), special: true });
      at += length;
      from = at;
    }
    if (from < text.length) parts.push({ text: text.slice(from), special: false });
    return parts;
  }

  #breakInside(text: string, mark: string): string {
    let broken = '';
    let from = 0;
    for (let index = 0; index < text.length; index++) {
      if (!this.#occursAt(text, index)) continue;
      const cut = index + firstCharacter(text.slice(index, index + 2)).length;
      broken += text.slice(from, cut) + mark;
      from = cut;
    }
    return from === 0 ? text : broken + text.slice(from);
  }

  #occursAt(text: string, start: number): boolean {
    let node: TrieNode | undefined = this.#root;
    for (let index = start; index < text.length; index++) {
      node = node.children.get(text[index] ?? '');
      if (node === undefined) return false;
      if (node.ends) return true;
    }
    return false;
  }

  /** The length of the longest special text that begins at `start`; 0 without one. */
  #lengthAt(text: string, start: number): number {
    let node: TrieNode | undefined = this.#root;
    let longest = 0;
    for (let index = start; index < text.length; index++) {
      node = node.children.get(text[index] ?? '');
      if (node === undefined) break;
      if (node.ends) longest = index + 1 - start;
    }
    return longest;
  }

  #completesAtStart(text: string): boolean {
    for (let length = 1; length <= Math.min(text.length, this.#longest); length++) {
      if (this.#endings.has(text.slice(0, length))) return true;
    }
    // The whole text between a template's own brackets, e.g. a parameter called `tool_call` printed as a tag.
    return (
      text.length < this.#longest && (this.#byCore.get(coreOf(text)) ?? []).some((special) => special.includes(text))
    );
  }

  #beginsAtEnd(text: string): boolean {
    for (let length = 1; length <= Math.min(text.length, this.#longest); length++) {
      if (this.#beginnings.has(text.slice(-length))) return true;
    }
    return false;
  }
}

/** A text in the case that all its spellings have in common. */
export const fold = (text: string): string => text.toUpperCase().toLowerCase();

function newNode(): TrieNode {
  return { children: new Map(), ends: false };
}

/** The text without the brackets and bars around it. */
function coreOf(text: string): string {
  return text.replace(/^[^\p{L}\p{N}_]+|[^\p{L}\p{N}_]+$/gu, '');
}

function firstCharacter(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0);
}
