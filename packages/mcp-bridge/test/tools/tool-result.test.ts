import { describe, expect, it } from 'vitest';
import { renderToolResult } from '../../src/tools/tool-result.ts';

const roomy = { resultBytes: 10_000, resultTokens: 10_000 };
const text = (value: string) => ({ type: 'text', text: value });

describe('renderToolResult', () => {
  it('joins texts for the model and keeps the content for the API', () => {
    const content = [text('a'), text('b')];
    expect(renderToolResult({ content }, roomy)).toEqual({
      content,
      output: '[{"type":"text","text":"a"},{"type":"text","text":"b"}]',
      text: 'a\nb',
      isError: false,
    });
  });

  it('gives the model structured content where there is no text', () => {
    expect(renderToolResult({ content: [], structuredContent: { a: 1 } }, roomy).text).toBe('{"a":1}');
    expect(renderToolResult({ content: [text('x')], structuredContent: { a: 1 } }, roomy).text).toBe('x');
  });

  it('names images, sounds, links and other things in a line each', () => {
    const content = [
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
      { type: 'audio', mimeType: 'audio/wav', data: 'AAAA' },
      { type: 'resource_link', name: 'a file', uri: 'file:///a' },
      { type: 'resource', resource: { uri: 'file:///b', text: 'inside' } },
      { type: 'resource', resource: { uri: 'file:///c', blob: 'AAAA' } },
      { type: 'hologram' },
    ];
    expect(renderToolResult({ content }, roomy).text).toBe(
      '[image: image/png]\n[audio: audio/wav]\n[resource a file: file:///a]\ninside\n[resource: file:///c]\n[hologram]',
    );
  });

  it('writes out what nobody sees, for the model and for the API', () => {
    const hidden = (name: string) => `${name}\u202E\uFE01\u{E0041}\u001B]8;;x\u0007`;
    const shown = (name: string) => `${name}\\u{202E}\\u{FE01}\\u{E0041}\\u{001B}]8;;x\\u{0007}`;
    const content = [
      text(hidden('a')),
      { type: 'resource_link', name: hidden('b'), uri: hidden('file:///c') },
      { type: 'resource', resource: { uri: 'file:///d', text: hidden('e'), [hidden('key')]: 1 } },
    ];
    const rendered = renderToolResult({ content }, roomy);
    expect(rendered.content).toEqual([
      text(shown('a')),
      { type: 'resource_link', name: shown('b'), uri: shown('file:///c') },
      { type: 'resource', resource: { uri: 'file:///d', text: shown('e'), [shown('key')]: 1 } },
    ]);
    expect(rendered.output).toBe(JSON.stringify(rendered.content));
    expect(rendered.text).toBe(`${shown('a')}\n[resource ${shown('b')}: ${shown('file:///c')}]\n${shown('e')}`);
    const structuredContent = { [hidden('f')]: 'g\u200B' };
    expect(renderToolResult({ content: [], structuredContent }, roomy).text).toMatch(/^[ -~]+$/);
  });

  it('bounds what it has written out', () => {
    const content = [text('\u200B'.repeat(5_000))];
    const rendered = renderToolResult({ content }, { resultBytes: 1_000, resultTokens: 100 });
    expect(rendered.output.length).toBeLessThan(1_200);
    expect(Buffer.byteLength(rendered.text)).toBeLessThan(400);
  });

  it('cuts the text of the model with a mark and leaves the content whole', () => {
    const rendered = renderToolResult({ content: [text('x'.repeat(100))] }, { ...roomy, resultTokens: 10 });
    expect(rendered.text).toBe(`${'x'.repeat(30)}\n[cut: about 10 of 34 tokens shown]`);
    expect(rendered.content).toEqual([text('x'.repeat(100))]);
  });

  it('cuts between characters, whatever their size', () => {
    const rendered = renderToolResult({ content: [text('é🙂'.repeat(10))] }, { ...roomy, resultTokens: 3 });
    expect(rendered.text).toBe('é🙂é\n[cut: about 3 of 20 tokens shown]');
    const whole = text('🙂'.repeat(3));
    expect(renderToolResult({ content: [whole] }, { ...roomy, resultTokens: 4 }).text).toBe(whole.text);
  });

  it('cuts content that is too large, text in the middle and other parts as a whole, with marks', () => {
    const image = { type: 'image', mimeType: 'image/png', data: 'A'.repeat(2_000) };
    const { content } = renderToolResult({ content: [text('a'), image, text('b')] }, { ...roomy, resultBytes: 1_000 });
    expect(content[0]).toEqual(text('a'));
    expect(content[1]).toEqual(text('[image of 2049 bytes left out: the result is too large]'));
    expect(content[2]).toEqual(text('[1 more parts left out: the result is too large]'));
    const long = renderToolResult({ content: [text('é'.repeat(2_000))] }, { ...roomy, resultBytes: 1_000 });
    expect(long.content[0]?.text).toMatch(/^é{500}\n\[cut: 1000 of 4000 bytes shown\]$/);
    expect(long.output.length).toBeLessThan(1_200);
    const padded = { content: [{ ...text('a'), _meta: { padding: 'x'.repeat(2_000) } }] };
    expect(renderToolResult(padded, { ...roomy, resultBytes: 1_000 }).output.length).toBeLessThan(1_200);
  });
});
