import type { Grant } from '../authority/grant.ts';
import type { AuthNames } from '../authority/names.ts';
import type { Action, Vocabulary, Words } from '../authority/vocabulary.ts';
import { toErrorDescription } from '../error-description.ts';
import { hasCode } from '../errors.ts';
import { isAudienceList, MAXIMUM_AUDIENCES } from './audience.ts';

/** The `grant_type` of a token exchange (RFC 8693 section 2.1). */
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** The names of kinds of tokens (RFC 8693 section 3). The vocabulary names that of API keys. */
const TOKEN_TYPES = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  refreshToken: 'urn:ietf:params:oauth:token-type:refresh_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
} as const;

/** What a token exchange can make, by the name of its kind. */
function madeFor({ keyTokenType }: AuthNames): Readonly<Record<string, TokenExchange['makes']>> {
  return { [TOKEN_TYPES.accessToken]: 'access', [TOKEN_TYPES.jwt]: 'access', [keyTokenType]: 'api-key' };
}

/** A parsed token exchange request. The kind of the subject token is known only after it is verified. */
export interface TokenExchange<W extends Words = Words> {
  readonly subjectToken: string;
  readonly makes: 'access' | 'api-key';
  /** The `requested_token_type` as it was asked for; that of access tokens by default. */
  readonly issuedTokenType: string;
  /** For which servers: `audience` and `resource` together (RFC 8707); absent: for this one. */
  readonly audience?: readonly string[];
  /** A grant that narrows the authority, from `grant` or `scope`; absent: nothing is narrowed. */
  readonly grant?: Grant<W>;
  /** The `scope` that was asked for. */
  readonly scope?: readonly Action<W>[];
  readonly seconds?: number;
}

/** The error response to an invalid request (RFC 6749 section 5.2), with status 400. */
export interface OAuthError {
  readonly error: 'invalid_request' | 'invalid_scope' | 'invalid_target' | 'unsupported_grant_type';
  readonly error_description: string;
}

/** A request that was read, or what is wrong with it. */
export type TokenExchangeReading<W extends Words = Words> =
  | { readonly ok: true; readonly exchange: TokenExchange<W> }
  | { readonly ok: false; readonly error: OAuthError };

/** Thrown and caught in this file only. */
class Refusal extends Error {
  readonly answer: OAuthError;

  constructor(error: OAuthError['error'], description: string) {
    super(description);
    this.answer = { error, error_description: description };
  }
}

const MAXIMUM_LENGTH = 16_384;
const REPEATABLE: ReadonlySet<string> = new Set(['audience', 'resource']);

/**
 * Reads the form of a token exchange (RFC 8693 section 2.1): a `URLSearchParams`, or an object of texts and lists of
 * texts. Beside the standard's parameters it reads `grant`, a narrowing grant as JSON, and `expires_in`, in seconds. It
 * ignores unknown parameters, as OAuth requires. `scope` names actions. Delegation (`actor_token`) is refused.
 *
 * @example
 * ```ts
 * import { defineVocabulary } from '@latchkey/auth-core';
 * import { readTokenExchange } from '@latchkey/auth-core/jwt';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read', 'invoices:write'] });
 * const reading = readTokenExchange(
 *   vocabulary,
 *   new URLSearchParams({
 *     grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
 *     subject_token: 'key_aB3dE5gH:aB3dE5gHaB3dE5gHaB3d',
 *     subject_token_type: 'urn:auth-core:token-type:api-key',
 *     scope: 'invoices:read',
 *   }),
 * );
 * if (reading.ok) console.log(reading.exchange.grant?.actions); // [ 'invoices:read' ]
 * ```
 */
export function readTokenExchange<W extends Words>(vocabulary: Vocabulary<W>, form: unknown): TokenExchangeReading<W> {
  try {
    return { ok: true, exchange: readForm(vocabulary, readParameters(form)) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.answer };
    throw error;
  }
}

/** What was made by a token exchange. */
export interface ExchangedToken {
  readonly token: string;
  /** The lifetime in whole seconds; absent: it does not expire. */
  readonly expiresIn?: number;
}

/** The answer to a token exchange (RFC 8693 section 2.2.1), to be sent with `Cache-Control: no-store`. */
export interface TokenExchangeAnswer {
  readonly access_token: string;
  readonly issued_token_type: string;
  readonly token_type: 'Bearer';
  readonly expires_in?: number;
  readonly scope?: string;
}

/** Renders what was made as the answer to the request. */
export function renderTokenExchange(
  { issuedTokenType, scope }: Pick<TokenExchange, 'issuedTokenType' | 'scope'>,
  { token, expiresIn }: ExchangedToken,
): TokenExchangeAnswer {
  return {
    access_token: token,
    issued_token_type: issuedTokenType,
    token_type: 'Bearer',
    ...(expiresIn !== undefined && { expires_in: expiresIn }),
    ...(scope !== undefined && { scope: scope.join(' ') }),
  };
}

type Parameters = ReadonlyMap<string, readonly string[]>;

/** The parameters that have a value: one without counts as left out (RFC 6749 section 3.2). */
function readParameters(form: unknown): Parameters {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of listEntries(form)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item !== 'string') throw new Refusal('invalid_request', 'Every parameter must be a text.');
      if (item === '') continue;
      const values = parameters.get(name);
      if (values === undefined) parameters.set(name, [item]);
      else values.push(item);
    }
  }
  return parameters;
}

function listEntries(form: unknown): Iterable<readonly [string, unknown]> {
  if (form instanceof URLSearchParams) return form;
  if (typeof form === 'object' && form !== null && !Array.isArray(form)) return Object.entries(form);
  throw new Refusal('invalid_request', 'The body must be a form (application/x-www-form-urlencoded).');
}

function readForm<W extends Words>(vocabulary: Vocabulary<W>, parameters: Parameters): TokenExchange<W> {
  const grantType = readOne(parameters, 'grant_type');
  if (grantType !== GRANT_TYPE) {
    throw new Refusal(
      grantType === undefined ? 'invalid_request' : 'unsupported_grant_type',
      `grant_type must be ${GRANT_TYPE}.`,
    );
  }
  if (parameters.has('actor_token') || parameters.has('actor_token_type')) {
    throw new Refusal('invalid_request', 'actor_token is not supported: a token here acts for itself only.');
  }
  const subjectToken = readOne(parameters, 'subject_token');
  if (subjectToken === undefined) throw new Refusal('invalid_request', 'subject_token is missing.');
  const makeable = madeFor(vocabulary.names);
  readType(parameters, 'subject_token_type', [...Object.values(TOKEN_TYPES), vocabulary.names.keyTokenType]);
  const issuedTokenType = parameters.has('requested_token_type')
    ? readType(parameters, 'requested_token_type', Object.keys(makeable))
    : TOKEN_TYPES.accessToken;
  const makes = makeable[issuedTokenType] ?? 'access';
  return {
    subjectToken,
    makes,
    issuedTokenType,
    ...readTargets(parameters, makes),
    ...readNarrowing(vocabulary, parameters),
    ...readSeconds(parameters),
  };
}

/** A parameter that may be there once (RFC 6749 section 3.2). */
function readOne(parameters: Parameters, name: string): string | undefined {
  const [value, ...more] = parameters.get(name) ?? [];
  if (more.length > 0) throw new Refusal('invalid_request', `${name} must not be repeated.`);
  if (value !== undefined && value.length > MAXIMUM_LENGTH)
    throw new Refusal('invalid_request', `${name} is too long.`);
  return value;
}

function readType(parameters: Parameters, name: string, known: readonly string[]): string {
  const value = readOne(parameters, name);
  if (value === undefined || !known.includes(value)) {
    throw new Refusal('invalid_request', `${name} must be one of: ${known.join(', ')}.`);
  }
  return value;
}

function readTargets(parameters: Parameters, makes: TokenExchange['makes']): Pick<TokenExchange, 'audience'> {
  const audience = [...REPEATABLE].flatMap((name) => parameters.get(name) ?? []);
  if (audience.length === 0) return {};
  if (makes === 'api-key')
    throw new Refusal('invalid_target', 'An API key works on this server only; leave out audience and resource.');
  if (!isAudienceList(audience)) {
    throw new Refusal(
      'invalid_target',
      `audience and resource must name at most ${MAXIMUM_AUDIENCES} servers, each in up to 200 visible ASCII characters.`,
    );
  }
  if (!(parameters.get('resource') ?? []).every((url) => URL.canParse(url) && !url.includes('#'))) {
    throw new Refusal('invalid_target', 'resource must be an absolute URI without a fragment (RFC 8707 section 2).');
  }
  return { audience };
}

function readNarrowing<W extends Words>(
  vocabulary: Vocabulary<W>,
  parameters: Parameters,
): Pick<TokenExchange<W>, 'grant' | 'scope'> {
  const grant = readOne(parameters, 'grant');
  const scope = readOne(parameters, 'scope');
  if (grant !== undefined && scope !== undefined) {
    throw new Refusal('invalid_request', 'Send grant or scope, not both: the actions of the grant say the same.');
  }
  if (grant !== undefined) return { grant: readGrant(vocabulary, grant) };
  if (scope === undefined) return {};
  const actions = [...new Set(scope.split(' '))];
  const isAction = (text: string): text is Action<W> => (vocabulary.actions as readonly string[]).includes(text);
  if (!actions.every(isAction)) {
    throw new Refusal(
      'invalid_scope',
      `scope must be actions with one blank between them: ${vocabulary.actions.join(' ')}.`,
    );
  }
  return { grant: vocabulary.parseGrant({ ...vocabulary.everything, actions }), scope: actions };
}

function readGrant<W extends Words>(vocabulary: Vocabulary<W>, text: string): Grant<W> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal('invalid_request', 'grant is not JSON.');
  }
  try {
    return vocabulary.parseGrant(value, { at: 'grant' });
  } catch (error) {
    if (!hasCode(error, 'AUTH_GRANT_INVALID')) throw error;
    throw new Refusal('invalid_request', toErrorDescription(error.message));
  }
}

function readSeconds(parameters: Parameters): Pick<TokenExchange, 'seconds'> {
  const text = readOne(parameters, 'expires_in');
  if (text === undefined) return {};
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new Refusal('invalid_request', 'expires_in must be a whole number of seconds, at least 1.');
  }
  return { seconds: Number(text) };
}
