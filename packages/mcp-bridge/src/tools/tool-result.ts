import type { McpLimits } from '../limits.ts';
import { visibleData, visibleText } from '../visible-text.ts';
import type { McpContent } from './tool-outcome.ts';

/** The parts of a `tools/call` response that are used. */
export interface RawToolResult {
  readonly content: readonly McpContent[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}

/** A result in two forms: for the API and for the model. */
export interface RenderedResult {
  readonly content: readonly McpContent[];
  readonly output: string;
  readonly text: string;
  readonly isError: boolean;
}

/**
 * Bounds and renders a result. Characters that a person could not see are escaped, so a model reads what people see.
 * Links in it are not fetched.
 */
export function renderToolResult(
  result: RawToolResult,
  { resultBytes, resultTokens }: Pick<McpLimits, 'resultBytes' | 'resultTokens'>,
): RenderedResult {
  // The content is cut before escaping, which takes time, and again afterwards, because escaping makes it longer.
  const received = capContent(shownContent(result), resultBytes);
  const seen = visibleData(received);
  const content = seen === received ? received : capContent(seen, resultBytes);
  return {
    content,
    output: JSON.stringify(content),
    text: showTokens(content.map(describe).join('\n'), resultTokens),
    isError: result.isError === true,
  };
}

/** Structured content without any text is shown as text, to the model and to callers alike: neither reads it otherwise. */
function shownContent({ content, structuredContent }: RawToolResult): readonly McpContent[] {
  const isText = (part: McpContent): boolean => part.type === 'text';
  if (structuredContent === undefined || content.some((part) => isText(part) && part.text !== '')) return content;
  const others = content.filter((part) => !isText(part));
  return [{ type: 'text', text: JSON.stringify(structuredContent) }, ...others];
}

/** Keeps parts in order while there is room. A text that does not fit is cut; any other part is replaced by a mark. */
function capContent(parts: readonly McpContent[], limit: number): McpContent[] {
  const kept: McpContent[] = [];
  let room = limit;
  for (const [index, part] of parts.entries()) {
    const size = Buffer.byteLength(JSON.stringify(part));
    if (size <= room) {
      kept.push(part);
      room -= size;
      continue;
    }
    if (part.type === 'text' && typeof part.text === 'string') {
      kept.push({ type: 'text', text: cutBytes(part.text, room) });
    } else {
      kept.push({ type: 'text', text: `[${part.type} of ${size} bytes left out: the result is too large]` });
    }
    const rest = parts.length - index - 1;
    if (rest > 0) kept.push({ type: 'text', text: `[${rest} more parts left out: the result is too large]` });
    break;
  }
  return kept;
}

function describe(part: McpContent): string {
  if (part.type === 'text') return String(part.text);
  if (part.type === 'image' || part.type === 'audio') return `[${part.type}: ${String(part.mimeType)}]`;
  if (part.type === 'resource_link') return `[resource ${String(part.name)}: ${String(part.uri)}]`;
  if (part.type === 'resource') {
    const resource = Object(part.resource) as Record<string, unknown>;
    if (typeof resource.text === 'string') return resource.text;
    return `[resource: ${String(resource.uri)}]`;
  }
  return `[${part.type}]`;
}

/**
 * The model's own count is not known here. English has fewer tokens than this; code and other languages have about as
 * many.
 */
const bytesPerToken = 3;

function showTokens(text: string, limit: number): string {
  const bytes = Math.floor(limit * bytesPerToken);
  const tokens = Math.ceil(Buffer.byteLength(text) / bytesPerToken);
  const seen = visibleText(tokens <= limit ? text : wholeCharacters(text, bytes));
  const shown = wholeCharacters(seen, bytes);
  if (tokens <= limit && shown === seen) return shown;
  return `${shown}\n[cut: about ${limit} of ${tokens} tokens shown]`;
}

function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.byteLength(text);
  return `${wholeCharacters(text, limit)}\n[cut: ${Math.min(limit, bytes)} of ${bytes} bytes shown]`;
}

/** Returns the longest beginning that fits into a number of UTF-8 bytes, without a partial character. */
function wholeCharacters(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}
