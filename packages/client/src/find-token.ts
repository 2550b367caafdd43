import { type Environment, readVariable } from './environment.ts';

/** What named the server. */
export type UrlSource = 'option' | 'profile' | 'variable' | 'default';

/**
 * The variables that hold a token, the first first, and which servers it may go to, by what has named them. None goes to
 * a profile's: that one has a token of its own. Label Studio's goes to no server that was not named.
 */
export const TOKEN_VARIABLES: readonly { readonly name: string; readonly goesTo: readonly UrlSource[] }[] = [
  { name: 'LATCHKEY_API_TOKEN', goesTo: ['option', 'variable', 'default'] },
  { name: 'LM_API_TOKEN', goesTo: ['option', 'variable', 'default'] },
  { name: 'LM_STUDIO_API_KEY', goesTo: ['option', 'variable', 'default'] },
  { name: 'LABEL_STUDIO_API_KEY', goesTo: ['option', 'variable'] },
];

export interface NamedToken {
  readonly name: string;
  readonly token: string;
}

/** The first variable's token that may go to a server which was named so. */
export function findVariableToken(environment: Environment, source: UrlSource): NamedToken | undefined {
  for (const { name, goesTo } of TOKEN_VARIABLES) {
    const token = goesTo.includes(source) ? readVariable(environment, name) : undefined;
    if (token !== undefined) return { name, token };
  }
  return undefined;
}
