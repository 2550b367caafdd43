import type { Answer } from './api.ts';

/** The names of kinds of tokens (RFC 8693 section 3), and ours. */
export const TOKEN_TYPES = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  apiKey: 'urn:latchkey:params:oauth:token-type:api-key',
} as const;

/** Posts a form, as OAuth's clients do. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Exchanges a token (RFC 8693), for an access token unless the form says something else. */
export function exchange(url: string, token: string, form: Readonly<Record<string, string>>): Promise<Answer> {
  return postForm(`${url}/oauth/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: TOKEN_TYPES.accessToken,
    ...form,
  });
}
