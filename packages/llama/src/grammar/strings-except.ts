import type { GrammarRules } from './grammar-rules.ts';

interface TrieNode {
  readonly children: Map<string, TrieNode>;
  ends: boolean;
}

/**
 * A rule for the JSON strings that are not in `excluded`: a trie of the excluded texts, left at any character that
 * leads to none of them. Escapes are not allowed, since `\u0061` would bypass it. Returns the rule's name; throws
 * GrammarTooLarge.
 */
export function stringsExcept(rules: GrammarRules, excluded: readonly string[]): string {
  const root: TrieNode = { children: new Map(), ends: false };
  for (const text of excluded) {
    let node = root;
    for (const character of text) {
      let next = node.children.get(character);
      if (next === undefined) {
        next = { children: new Map(), ends: false };
        node.children.set(character, next);
      }
      node = next;
    }
    node.ends = true;
  }
  return rules.add('other', `"\\"" ${addNode(rules, root)}`);
}

const REST = '[^"\\\\\\x00-\\x1F]* "\\""';

function addNode(rules: GrammarRules, node: TrieNode): string {
  const usable = [...node.children].filter(([character]) => isPlain(character));
  const leaving = `[^"\\\\\\x00-\\x1F${usable.map(([character]) => characterClass(character)).join('')}] ${REST}`;
  const staying = usable.map(([character, child]) => `[${characterClass(character)}] ${addNode(rules, child)}`);
  const ending = node.ends ? [] : ['"\\""'];
  return rules.add('other', [leaving, ...staying, ...ending].join(' | '));
}

/** Whether a JSON string can contain the character without an escape. A text with others cannot be written here. */
function isPlain(character: string): boolean {
  return character !== '"' && character !== '\\' && character > '\u001f';
}

/** A character as written inside brackets. */
export function characterClass(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (/[a-zA-Z0-9_]/.test(character)) return character;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
