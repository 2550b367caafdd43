/** A sentence is flagged when it contains all of these words. */
interface InstructionPattern {
  readonly name: string;
  readonly words: readonly RegExp[];
}

/**
 * Common features of the descriptions of poisoned tools, in English. Each expression takes time linear in the text,
 * because the text is not trusted.
 */
const patterns: readonly InstructionPattern[] = [
  {
    name: 'overrides-instructions',
    words: [
      /\b(ignore|disregard|forget|override|bypass)\b/i,
      /\b(previous|prior|earlier|above|all|any|other|system)\b/i,
      /\b(instructions?|prompts?|rules?|guidelines|messages?)\b/i,
    ],
  },
  {
    name: 'hides-from-user',
    words: [
      /\b(do not|don't|never|without|must not|avoid)\b/i,
      /\b(tell|telling|inform|informing|mention|mentioning|notify|notifying|show|showing|reveal|ask|asking)\b/i,
      /\b(user|users|human|person|anyone|anybody)\b/i,
    ],
  },
  {
    name: 'poses-as-system',
    words: [/<\/?(system|important|instructions?|assistant|admin|secret)\b|\[(system|inst)\]|<\|/i],
  },
  {
    name: 'steers-other-tools',
    words: [
      /\b(before|after|whenever|instead of|rather than)\b/i,
      /\b(using|calling|call|use|invoking)\b/i,
      /\b(other|another|any|every|all)\b/i,
      /\btools?\b/i,
    ],
  },
  {
    name: 'wants-secrets',
    words: [
      /\b(read|send|pass|include|attach|copy|provide|append|upload)\b/i,
      /\.ssh\b|\bid_rsa\b|\.env\b|\bmcp\.json\b|\b(api[ _-]?keys?|private keys?|passwords?|credentials|secrets)\b/i,
    ],
  },
];

const sentenceLength = 400;

/** Returns the names of the patterns that a text matches. A match is a reason to look; no match proves nothing. */
export function instructionsIn(text: string): readonly string[] {
  const sentences = text.split(/(?<=[.!?])\s|\n/).flatMap(pieces);
  return patterns
    .filter(({ words }) => sentences.some((sentence) => words.every((word) => word.test(sentence))))
    .map(({ name }) => name);
}

function pieces(sentence: string): string[] {
  const list: string[] = [];
  for (let start = 0; start < sentence.length; start += sentenceLength) {
    list.push(sentence.slice(start, start + sentenceLength));
  }
  return list;
}
