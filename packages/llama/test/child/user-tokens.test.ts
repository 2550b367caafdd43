import { describe, expect, it } from 'vitest';
import { isMarker } from '../../src/child/user-tokens.ts';

const TEMPLATE = '{{ "<start_of_turn>" }}<b>{{ messages[0].content }}</b>';

describe('a token that the authors of a model have added', () => {
  it.each(['<table>', '</td>', '<h3>', '<em>', '</blockquote>', '<code>'])(
    'is text when it is a tag of HTML that the template does not write: %s',
    (text) => {
      expect(isMarker(text, TEMPLATE)).toBe(false);
      expect(isMarker(text)).toBe(false);
    },
  );

  it.each(['<b>', '</b>'])('is a marker when the template writes it: %s', (text) => {
    expect(isMarker(text, TEMPLATE)).toBe(true);
  });

  it.each([
    ...['<start_of_turn>', '<tool_call>', '</think>', '<|im_end|>', '[INST]', '<s>', '<unused7>', '<table', '<TABLE>'],
    ...['<table onclick>', '< table>', '{{', '<tool>', '<response>'],
  ])('is a marker when it looks like markup otherwise: %s', (text) => {
    expect(isMarker(text)).toBe(true);
  });

  it.each(['    ', 'hello', '\n\n', '\u2581the'])('is text when it is a word or a run of spaces: %j', (text) => {
    expect(isMarker(text, TEMPLATE)).toBe(false);
  });
});
