import type { Grant } from '../authority/grant.ts';
import type { AuthNames } from '../authority/names.ts';
import { canonicalJson } from '../schema/canonical-json.ts';
import { fromBase64urlJson, toBase64url } from './base64url.ts';

/** The token that was attenuated: its id, or, where its text names none, the commitment to its text. */
export type AttenuatedFrom = { readonly id: string } | { readonly commitment: string };

/** The parts of an attenuated token. */
export interface AttenuatedText {
  readonly from: AttenuatedFrom;
  /** The caveats as they are written, see {@link writeCaveat}; the proof covers this text. */
  readonly caveats: readonly string[];
  /** The key that proves the last caveat and is used to add the next one: 64 hexadecimal digits. */
  readonly key: string;
}

/** The longest text, in characters: what fits into a header. */
export const MAXIMUM_ATTENUATED_LENGTH = 8192;
/** How many caveats a token may carry. */
export const MAXIMUM_CAVEATS = 16;

const REST = /^(?:([A-Za-z0-9]{8,32})|custom-([0-9a-f]{64}))((?:\.[A-Za-z0-9_-]{2,}){1,16})\.([0-9a-f]{64})$/;

/** The name of what attenuated tokens begin with. */
export type AttenuatedNames = Pick<AuthNames, 'attenuatedPrefix'>;

/** Parses a text; undefined when it has another shape. Never throws. */
export function readAttenuatedText(text: string, { attenuatedPrefix }: AttenuatedNames): AttenuatedText | undefined {
  if (text.length > MAXIMUM_ATTENUATED_LENGTH || !text.startsWith(attenuatedPrefix)) return undefined;
  const [, id, commitment = '', caveats, key] = REST.exec(text.slice(attenuatedPrefix.length)) ?? [];
  if (caveats === undefined || key === undefined) return undefined;
  return { from: id === undefined ? { commitment } : { id }, caveats: caveats.slice(1).split('.'), key };
}

/** The inverse of {@link readAttenuatedText}. */
export function writeAttenuatedText(
  { from, caveats, key }: AttenuatedText,
  { attenuatedPrefix }: AttenuatedNames,
): string {
  const name = 'id' in from ? from.id : `custom-${from.commitment}`;
  return `${attenuatedPrefix}${[name, ...caveats, key].join('.')}`;
}

/** The prefix of a caveat that is read by the present rules. The first caveats began with their grant, so with `e`. */
const VERSION = '2';

/** The grant of a caveat, undefined when it is not JSON, and whether to read it by the rules of the first version. */
export function readCaveat(caveat: string): { readonly grant: unknown; readonly isFormer: boolean } {
  const isFormer = !caveat.startsWith(VERSION);
  return { grant: fromBase64urlJson(isFormer ? caveat : caveat.slice(VERSION.length)), isFormer };
}

/** Writes a caveat: its version, and base64url of the grant's canonical JSON, so that each grant has only one text. */
export function writeCaveat(grant: Grant, { isFormer = false } = {}): string {
  const text = toBase64url(new TextEncoder().encode(canonicalJson(grant)));
  return isFormer ? text : `${VERSION}${text}`;
}
