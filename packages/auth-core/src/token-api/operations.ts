import type { Auth } from '../auth.ts';
import { InvalidInputError, isAuthError, isStoreFailure } from '../errors.ts';
import type { EditInput } from '../management/edit-token.ts';
import type { IssuedToken, IssueInput } from '../management/issue-token.ts';
import type { Revocation } from '../management/revoke-tokens.ts';
import type { RotateInput } from '../management/rotate-token.ts';
import { placeOf } from '../management/token-place.ts';
import type { Principal } from '../principal.ts';
import type { Field, Fields } from './read-fields.ts';

/** The input of an operation. */
export interface OperationContext {
  readonly auth: Auth;
  readonly by: Principal;
  /** The token in the path, where the path has one. */
  readonly id: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The answer of an operation. */
export interface OperationAnswer {
  readonly status: number;
  readonly body: object;
}

/** One operation on tokens. The router, the checks of inputs and the OpenAPI document are made of these rows. */
export interface Operation {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the path of the API. */
  readonly path: '' | '/{id}' | '/{id}/rotate' | '/{id}/revoke' | '/revoke' | '/revoke-self';
  readonly summary: string;
  /** The action that the caller needs; absent: any valid token is accepted. */
  readonly action?: 'tokens:read' | 'tokens:write';
  /**
   * It only ends tokens, and does so also while the store does not answer; `itself`: the caller's own, from anywhere.
   */
  readonly ends?: 'others' | 'itself';
  /** In the body, or in the query where the method is GET. */
  readonly fields: Fields;
  readonly required?: readonly string[];
  readonly status: number;
  readonly run: (context: OperationContext) => Promise<OperationAnswer>;
}

const text = (description: string): Field => ({ type: 'string', description });
const orNull = (type: 'string' | 'integer' | 'object', description: string): Field => ({
  type: [type, 'null'],
  description,
});
const grant: Field = { type: 'object', description: 'What the token may do.' };
const time = 'RFC 3339, such as 2027-01-31T12:00:00Z.';

const issuing: Fields = {
  name: text('1 to 100 visible characters.'),
  kind: text('The kind of token; `api-key` when left out.'),
  grant,
  owner: text("When left out, the caller's owner."),
  project: text("When left out, the caller's project, if it has one."),
  expiresAt: text(`When the token ends: ${time}`),
  notes: text('Up to 2000 visible characters.'),
  rotateAfter: { type: 'integer', description: 'After how many seconds the token is due for a new secret.' },
  metadata: { type: 'object', description: 'What the server keeps with the token.' },
  secret: text('The text of a custom key.'),
  force: { type: 'boolean', description: 'Accept a custom key that is easy to guess.' },
};

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'listTokens',
    method: 'GET',
    path: '',
    summary: 'Lists the tokens that the authority of the caller covers, the oldest first.',
    action: 'tokens:read',
    fields: {
      owner: text('Only tokens of this owner.'),
      project: text('Only tokens of this project.'),
      parentId: text('Only tokens that were derived from this one.'),
      after: text('The `next` of the page before, or the id of its last token.'),
      limit: { type: 'integer', description: 'How many, from 1 to 1000; 1000 when left out.' },
    },
    status: 200,
    async run({ auth, by, input: { limit = 1000, ...filter } }) {
      if (Number(limit) < 1 || Number(limit) > 1000) throw new InvalidInputError('limit', 'must be from 1 to 1000');
      // One more, to determine whether there is another page.
      const found = await auth.list(by, { ...filter, limit: Number(limit) + 1 });
      const tokens = found.slice(0, Number(limit));
      const last = tokens.at(-1);
      return answer({ tokens, ...(found.length > tokens.length && last && { next: placeOf(last) }) });
    },
  },
  {
    name: 'createToken',
    method: 'POST',
    path: '',
    summary: 'Makes a token. Its text is in this answer only.',
    action: 'tokens:write',
    fields: issuing,
    required: ['name', 'grant'],
    status: 201,
    run: async ({ auth, by, input }) =>
      answer(shownOnce(await auth.issue(withSeconds(input) as unknown as IssueInput, by)), 201),
  },
  {
    name: 'revokeTokens',
    method: 'POST',
    path: '/revoke',
    summary: 'Ends all tokens of an owner, of a project or of both, except that of the caller.',
    action: 'tokens:write',
    ends: 'others',
    fields: { owner: text('Tokens of this owner.'), project: text('Tokens of this project.') },
    status: 200,
    async run({ auth, by, input }) {
      const revoked = await auth.revokeAll(input, by);
      const stored = revoked.every((revocation) => revocation.stored);
      return answer({ revoked: revoked.map(describeRevocation) }, stored ? 200 : 202);
    },
  },
  {
    name: 'revokeOwnToken',
    method: 'POST',
    path: '/revoke-self',
    summary: 'Ends the token that the request presents.',
    ends: 'itself',
    fields: {},
    status: 200,
    run: async ({ auth, by }) => answerRevocation(await auth.revokeSelf(by)),
  },
  {
    name: 'showToken',
    method: 'GET',
    path: '/{id}',
    summary: 'Shows a token.',
    action: 'tokens:read',
    fields: {},
    status: 200,
    run: async ({ auth, by, id }) => answer(await auth.show(id, by)),
  },
  {
    name: 'editToken',
    method: 'PATCH',
    path: '/{id}',
    summary: 'Changes a token. What is left out stays; null removes.',
    action: 'tokens:write',
    fields: {
      name: text('1 to 100 visible characters.'),
      grant,
      expiresAt: orNull('string', `When the token ends: ${time}`),
      notes: orNull('string', 'Up to 2000 visible characters.'),
      rotateAfter: orNull('integer', 'After how many seconds the token is due for a new secret.'),
      metadata: orNull('object', 'What the server keeps with the token.'),
    },
    status: 200,
    run: async ({ auth, by, id, input }) => answer(await auth.edit(id, withSeconds(input) as EditInput, by)),
  },
  {
    name: 'rotateToken',
    method: 'POST',
    path: '/{id}/rotate',
    summary: 'Gives a token a new text, which is in this answer only.',
    action: 'tokens:write',
    fields: {
      overlap: {
        type: ['integer', 'string'],
        description: 'For how many seconds the former text counts, or `until-first-use`; 0 when left out.',
      },
      expiresAt: text(`When the token ends: ${time}`),
    },
    status: 200,
    async run({ auth, by, id, input: { overlap, ...rest } }) {
      const kept =
        overlap === undefined ? {} : { overlap: typeof overlap === 'number' ? { seconds: overlap } : overlap };
      return answer(shownOnce(await auth.rotate(id, { ...rest, ...kept } as RotateInput, by)));
    },
  },
  {
    name: 'revokeToken',
    method: 'POST',
    path: '/{id}/revoke',
    summary: 'Ends a token, and all that was derived from it.',
    action: 'tokens:write',
    ends: 'others',
    fields: {},
    status: 200,
    run: async ({ auth, by, id }) => answerRevocation(await auth.revoke(id, by)),
  },
  {
    name: 'deleteToken',
    method: 'DELETE',
    path: '/{id}',
    summary: 'Removes a token that has ended; one that still works is ended first.',
    action: 'tokens:write',
    ends: 'others',
    fields: {},
    status: 200,
    async run({ auth, by, id }) {
      try {
        return answer({ ...(await auth.remove(id, by)), deleted: true });
      } catch (error) {
        // Revoking a token does not wait for the store.
        if (!isStoreFailure(error) && !(isAuthError(error) && error.code === 'AUTH_CONFLICT')) throw error;
        return answerRevocation(await auth.revoke(id, by));
      }
    },
  },
];

function answer(body: object, status = 200): OperationAnswer {
  return { status, body };
}

/** 200 when it is stored, 202 while it takes effect only in this process. */
function answerRevocation(revocation: Revocation): OperationAnswer {
  return answer(describeRevocation(revocation), revocation.stored ? 200 : 202);
}

function describeRevocation({ token, ...revocation }: Revocation): object {
  return { ...token, ...revocation };
}

/** The id and the token come first: everything else can be requested again. */
function shownOnce({ token, record: { id, ...record } }: IssuedToken): object {
  return { id, token, ...record };
}

/** In answers, `rotateAfter` is the time when the token is due. */
function withSeconds({ rotateAfter, ...input }: OperationContext['input']): object {
  return rotateAfter === undefined ? input : { ...input, rotateAfterSeconds: rotateAfter };
}
