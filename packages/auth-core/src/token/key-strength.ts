/** Words that people put into keys, which guessing tries first. */
const WORDS =
  /password|passwort|passwd|secret|latchkey|lm-?studio|lms|local(?:host)?|openai|ollama|llama|model|server|admin|root|user|test|demo|dev(?:elopment)?|prod(?:uction)?|staging|example|sample|change-?me|default|token|api-?key|key|qwerty|letmein|welcome|hello|world|foobar|dummy|temp|my|the|sk|pk/gi;

/** A year, or a common counting sequence. */
const NUMBERS = /(?:19|20)\d\d|0?1234567890?|12345678?|1234|123/g;

/** The same text several times in a row. */
const REPEATS = /(.{2,}?)\1+/g;

/** Neighbouring keys of keyboards, by rows and by columns, in both directions. */
const WALKS = [
  'qwertyuiop asdfghjkl zxcvbnm qwertzuiopü yxcvbnm azertyuiop qsdfghjklm wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p',
  '!@#$%^&*()',
].flatMap((walk) => [walk, Array.from(walk).reverse().join('')]);

/** How many characters a key must have. */
const LEAST_LENGTH = 20;
/** How many bits must remain after what is easily guessed is removed. */
const LEAST_BITS = 64;

/**
 * The reason why a chosen text is too weak for a key; undefined when it is strong enough.
 *
 * A key must have 20 characters. Known words, years, repetitions, and runs such as `abcd`, `4321` or `tzui` do not
 * count. Each other character counts with the bits of its alphabet, but not more than the entropy of the characters
 * themselves. 64 bits must remain. This is an estimate, on the strict side: it cannot detect that a text was published.
 */
export function checkKeyStrength(secret: string): string | undefined {
  if (secret.length < LEAST_LENGTH) {
    return `is too short to be a key: it has ${secret.length} characters and needs ${LEAST_LENGTH}. ${WAY_OUT}`;
  }
  const found: string[] = [];
  let rest = secret;
  for (const [name, takeOut] of GUESSED) {
    const left = takeOut(rest);
    if (left !== rest) found.push(name);
    rest = left;
  }
  const bits = rest.length * Math.min(Math.log2(alphabetSize(rest)), varietyBits(rest));
  if (bits >= LEAST_BITS) return undefined;
  const why = found.length === 0 ? 'it has too few different characters' : `${found.join(', ')} count as nothing`;
  return `is too easy to guess: ${why}, and what is left is worth ${Math.floor(bits)} of the ${LEAST_BITS} bits that a key needs. ${WAY_OUT}`;
}

const WAY_OUT =
  'Use 20 random characters or more, as of "openssl rand -base64 24", or take it all the same with --force ("force": true)';

/** What is guessed first, by its name in a refusal; the text itself is in no message. */
const GUESSED: readonly (readonly [name: string, takeOut: (text: string) => string])[] = [
  ['known words', (text) => text.replace(WORDS, '')],
  ['years and numbers such as 1234', (text) => text.replace(NUMBERS, '')],
  ['repetitions', (text) => text.replace(REPEATS, '$1')],
  ['sequences such as abcd, 4321 or qwer', withoutRuns],
];

/** Removes runs, where a character follows its predecessors: repeated, ascending, descending, or along the keyboard. */
function withoutRuns(text: string): string {
  return Array.from(text)
    .filter((_, index) => {
      if (index < 2) return true;
      const step = text.charCodeAt(index) - text.charCodeAt(index - 1);
      if (Math.abs(step) <= 1 && step === text.charCodeAt(index - 1) - text.charCodeAt(index - 2)) return false;
      const keys = text.slice(index - 2, index + 1).toLowerCase();
      return !WALKS.some((walk) => walk.includes(keys));
    })
    .join('');
}

function alphabetSize(text: string): number {
  const size = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[^a-zA-Z0-9]/, 32],
  ].reduce((sum, [class_, count]) => sum + ((class_ as RegExp).test(text) ? (count as number) : 0), 0);
  return Math.max(size, 1);
}

/** The Shannon entropy of the characters, in bits per character. */
function varietyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  // A short text cannot show all of its alphabet: 20 different characters out of 62 are the best possible.
  return bits + 1;
}
