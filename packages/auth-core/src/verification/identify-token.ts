import type { DerivedTokenFormat, PresentedToken, StoredTokenFormat, TokenFormat } from '../token/token-format.ts';

/** A presented text whose shape is known. */
export type IdentifiedToken =
  | { readonly text: string; readonly format: StoredTokenFormat; readonly parsed: PresentedToken }
  | { readonly text: string; readonly format: DerivedTokenFormat };

/** Finds the first kind whose shape a text has. Nothing is looked up. */
export function identifyToken(formats: readonly TokenFormat[], text: string): IdentifiedToken | undefined {
  for (const format of formats) {
    if (format.type === 'derived') {
      if (format.matches(text)) return { text, format };
      continue;
    }
    const parsed = format.parse(text);
    if (parsed !== undefined) return { text, format, parsed };
  }
  return undefined;
}

/** Whether the text itself says which token it is. One without an id may be any text. */
export function namesItself(token: IdentifiedToken): boolean {
  return !('parsed' in token) || token.parsed.id !== undefined;
}
