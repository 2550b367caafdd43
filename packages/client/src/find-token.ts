import { type Environment, readVariable } from './environment.ts';

/** What named the server. */
export type UrlSource = 'option' | 'profile' | 'variable' | 'default';

/**
 * The variables that hold a token, in order of precedence, and the servers that each may be sent to, by what named the
 * server. None is sent to a profile's server, which has a token of its own. Label Studio's is sent only to a server
 * that was named explicitly.
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

/** The token of the first variable that may be sent to a server named by this source. */
export function findVariableToken(environment: Environment, source: UrlSource): NamedToken | undefined {
  for (const { name, goesTo } of TOKEN_VARIABLES) {
    const token = goesTo.includes(source) ? readVariable(environment, name) : undefined;
    if (token !== undefined) return { name, token };
  }
  return undefined;
}
