/** The tag at the beginning, with a word and more brackets that belong to it: `<|close|>think<|sep|>`. */
export function leadingTag(text: string): string {
  const begun = text.trimStart();
  const first = bracketsAt(begun);
  if (first === '') return '';
  const word = /^\w*/.exec(begun.slice(first.length))?.[0] ?? '';
  const second = word === '' ? '' : bracketsAt(begun.slice(first.length + word.length));
  return second === '' ? first : first + word + second;
}

/** The tag at the end, with a word that belongs to it: `<think>`, `<|channel>thought`, `<|open|>think<|sep|>`. */
export function trailingTag(text: string): string {
  const ended = text.trimEnd();
  const last = bracketsBefore(ended);
  const word = wordBefore(ended.slice(0, ended.length - last.length));
  const first = word === '' ? '' : bracketsBefore(ended.slice(0, ended.length - last.length - word.length));
  if (first.startsWith('<')) return first + word + last;
  return last;
}

function bracketsAt(text: string): string {
  const close = { '<': '>', '[': ']' }[text[0] ?? ''];
  const end = close === undefined ? -1 : text.indexOf(close);
  const found = text.slice(0, end + 1);
  return /[<[]/.test(found.slice(1)) ? '' : found;
}

function bracketsBefore(text: string): string {
  const open = { '>': '<', ']': '[' }[text.at(-1) ?? ''];
  const start = open === undefined ? -1 : text.lastIndexOf(open);
  const found = start < 0 ? '' : text.slice(start);
  return /[>\]]/.test(found.slice(0, -1)) ? '' : found;
}

function wordBefore(text: string): string {
  let start = text.length;
  while (start > 0 && /\w/.test(text[start - 1] ?? '')) start -= 1;
  return text.slice(start);
}
