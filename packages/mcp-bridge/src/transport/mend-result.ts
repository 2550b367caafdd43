import { isSpecType } from '@modelcontextprotocol/client';

type Json = Record<string, unknown>;

/** The result of a call in which every part can be read, in the shape that the protocol asks for. */
export function mendCallResult(result: Json): Json {
  const { content, structuredContent, isError, _meta, ...rest } = result;
  const parts = partsOf(content);
  const isPlain = structuredContent === undefined || isObject(structuredContent);
  // The older protocol takes objects only. What else came is shown as text, unless there is some already.
  const shown = isPlain || structuredContent === null || hasText(parts) ? [] : [text(toText(structuredContent))];
  const mended: Json = { ...rest, content: [...shown, ...parts] };
  if (isObject(structuredContent)) mended.structuredContent = structuredContent;
  if (isError === true || isError === 'true' || isError === 1) mended.isError = true;
  if (isObject(_meta)) mended._meta = _meta;
  return mended;
}

/** Whether a result needs no mending: by far the most. */
export function isPlainCallResult({ content, structuredContent, isError, _meta }: Json): boolean {
  return (
    Array.isArray(content) &&
    content.every(isPlainText) &&
    (structuredContent === undefined || isObject(structuredContent)) &&
    (isError === undefined || typeof isError === 'boolean') &&
    (_meta === undefined || isObject(_meta))
  );
}

const isPlainText = (part: unknown): boolean =>
  isObject(part) &&
  part.type === 'text' &&
  typeof part.text === 'string' &&
  part.annotations === undefined &&
  part._meta === undefined;

/** How deep lists in lists of parts are read. */
const deepestList = 4;

function partsOf(content: unknown, depth = 0): Json[] {
  if (content === undefined || content === null) return [];
  if (Array.isArray(content) && depth < deepestList) return content.flatMap((part) => partsOf(part, depth + 1));
  return [isObject(content) ? mendPart(content) : text(toText(content))];
}

function mendPart(raw: Json): Json {
  if (isPlainText(raw)) return raw;
  const part = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
  const mended = typed(part);
  if (isSpecType.ContentBlock(mended)) return mended;
  const { annotations: _, _meta: __, ...bare } = mended;
  return isSpecType.ContentBlock(bare) ? bare : text(toText(raw));
}

function typed(part: Json): Json {
  const { type = part.text === undefined ? undefined : 'text' } = part;
  if (type === 'image' || type === 'audio') return mendMedia(part, type);
  if (type === 'resource_link') return { ...part, name: textOr(part.name, part.uri) };
  if (type === 'resource' && isObject(part.resource)) return mendResource(part, part.resource);
  if (type === 'text' || typeof part.text === 'string') return { ...part, type: 'text', text: toText(part.text ?? '') };
  return part;
}

function mendResource(part: Json, given: Json): Json {
  const resource = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  if (resource.text !== undefined) resource.text = toText(resource.text);
  if (typeof resource.uri === 'string') return { ...part, resource };
  return resource.text === undefined ? part : text(String(resource.text));
}

/** Reads `data` as base64 or as a data URL, in the notation of MCP and in those of chat APIs. */
function mendMedia(part: Json, type: 'image' | 'audio'): Json {
  const source = isObject(part.source) ? part.source : part;
  const { source: _, url: __, media_type: ___, mime_type: ____, mediaType: _____, ...rest } = part;
  const given = typeof source.data === 'string' ? source.data : source.url;
  if (typeof given !== 'string') return text(`[${type} without data]`);
  const url = readDataUrl(given);
  const data = (url?.data ?? given).replace(/\s+/g, '');
  const standard = data.replaceAll('-', '+').replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(standard) || standard === '') return text(`[${type} whose data is no base64]`);
  const named = [source.mimeType, source.media_type, source.mime_type, source.mediaType, url?.mimeType];
  const mimeType = named.find((name) => typeof name === 'string' && name !== '') ?? sniff(standard) ?? unknownMedia;
  return { ...rest, type, data: standard, mimeType };
}

function readDataUrl(text: string): { readonly mimeType: string | undefined; readonly data: string } | undefined {
  const comma = text.slice(0, 512).indexOf(',');
  const header = comma === -1 ? '' : text.slice(0, comma).toLowerCase();
  if (!header.startsWith('data:') || !header.endsWith(';base64')) return undefined;
  return { mimeType: header.slice('data:'.length).split(';')[0], data: text.slice(comma + 1) };
}

const unknownMedia = 'application/octet-stream';

/** How files of these kinds begin, in base64. */
const beginnings: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['Qk', 'image/bmp'],
  ['SUQz', 'audio/mpeg'],
  ['T2dnUw', 'audio/ogg'],
  ['ZkxhQw', 'audio/flac'],
];

function sniff(data: string): string | undefined {
  // RIFF is both: its kind follows at the ninth byte.
  if (data.startsWith('UklGR')) {
    const kind = Buffer.from(data.slice(0, 16), 'base64').subarray(8, 12).toString('latin1');
    return { WEBP: 'image/webp', WAVE: 'audio/wav' }[kind];
  }
  return beginnings.find(([beginning]) => data.startsWith(beginning))?.[1];
}

const hasText = (parts: readonly Json[]): boolean => parts.some((part) => part.type === 'text' && part.text !== '');
const text = (words: string): Json => ({ type: 'text', text: words });
const textOr = (value: unknown, other: unknown): unknown => (typeof value === 'string' ? value : other);

const toText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
