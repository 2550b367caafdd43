import { ServerError } from '../../contracts/server-error.ts';
import type { IgnoredKeys } from '../../wire/ignored-keys.ts';
import { keys } from '../../wire/ignored-keys.ts';
import type { CountBody } from './schema.ts';

const KNOWN = keys('type', 'text', 'cache_control', 'citations');

/**
 * Lines that agents write before their instructions for Anthropic's service, e.g. a billing header with a number that
 * changes with each request. They have no meaning for a model, and would prevent any reuse of cached prompts.
 */
const NOISE = /^\s*x-anthropic-[a-z0-9-]{1,64}:[^\n]*(?:\n+|$)/i;

/** The system prompt without lines that are not for the model; undefined when nothing is left. */
export function readSystem(system: CountBody['system'], ignored: IgnoredKeys): string | undefined {
  if (system == null) return undefined;
  const texts = typeof system === 'string' ? [system] : system.map((block, index) => textOf(block, index, ignored));
  const heard = texts.map((text) => withoutNoise(text, ignored)).filter((text) => text !== '');
  return heard.length === 0 ? undefined : heard.join('\n');
}

function textOf(
  block: { readonly type: string; readonly text?: unknown },
  index: number,
  ignored: IgnoredKeys,
): string {
  ignored.note('system[]', block, KNOWN);
  if (block.type === 'text' && typeof block.text === 'string') return block.text;
  const param = `system[${index}]`;
  throw new ServerError('INVALID_REQUEST', `'${param}' is not valid: expected a block of text.`, { param });
}

function withoutNoise(text: string, ignored: IgnoredKeys): string {
  let rest = text;
  for (let noise = NOISE.exec(rest); noise !== null; noise = NOISE.exec(rest)) {
    ignored.add(`system[].${noise[0].trim().split(':')[0]}`);
    rest = rest.slice(noise[0].length);
  }
  return rest;
}
