import { InvalidTokenError, PermissionDeniedError, type Principal } from '@latchkey/auth-core';
import { type AccessTokens, readPersonalAccessTokenId } from '@latchkey/auth-core/jwt';
import type { Auth, Grant, Meter } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { dictionary } from '../../input/bounded.ts';
import { dateTime } from '../../wire/date-time-field.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { countRequest } from '../count-request.ts';
import { answerNotStored, recallOr } from '../end-tokens.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { verifyInBody } from '../verify-in-body.ts';

const refreshSchema = z.strictObject({ refresh: z.string().min(1).max(8192) });
/** Label Studio's clients send an empty body; our own clients may send these fields. */
const createSchema = z.strictObject({
  name: z.string().trim().min(1).max(128).default('personal access token'),
  /** Parsed by auth-core. */
  grant: (dictionary(z.unknown(), 4096) as unknown as z.ZodType<Grant>).optional(),
  expiresAt: dateTime.optional(),
});

export interface LabelStudioTokenHandlers {
  readonly list: Handler;
  readonly create: Handler;
  readonly refresh: Handler;
  readonly blacklist: Handler;
  readonly rotate: Handler;
}

/** `/api/token/…`: personal access tokens as Label Studio's API and SDK know them. */
export function createLabelStudioTokenHandlers(
  auth: Auth,
  access: Pick<AccessTokens, 'issue'>,
  meter: Pick<Meter, 'admit'>,
): LabelStudioTokenHandlers {
  const readRefresh = ({ body }: RequestContext): string => validateBody(refreshSchema, body).refresh;

  /** Verifies the personal access token in the body, whatever the request itself was authenticated with. */
  async function verifyPersonal(refresh: string): Promise<Principal> {
    return requirePersonal(await auth.verify(refresh));
  }

  /** The same for uses other than revocation: the conditions on time and address apply as well. */
  async function usePersonal(context: RequestContext): Promise<Principal> {
    return requirePersonal(await verifyInBody(auth, context, readRefresh(context)));
  }

  /**
   * The personal access tokens of the caller's owner that the caller may list; only its own token if it may list none.
   */
  async function listPersonal(by: Principal) {
    const tokens = await auth.list(by, { owner: by.owner }).catch(async (error: unknown) => {
      if (!(error instanceof PermissionDeniedError) || by.id !== by.tokenId) throw error;
      return [await auth.show(by.id, by)];
    });
    const now = Date.now();
    return tokens.filter(
      ({ kind, revokedAt, expiresAt }) =>
        kind === 'personal-access' &&
        revokedAt === undefined &&
        (expiresAt === undefined || now < Date.parse(expiresAt)),
    );
  }

  return {
    list: async (context) => {
      const tokens = await listPersonal(context.auth.principal);
      return json(tokens.map(({ stub }) => ({ token: stub })));
    },
    create: async (context) => {
      const by = context.auth.principal;
      const body = validateBody(createSchema, context.body);
      // Without a grant in the body, the new token gets the caller's own.
      const grant = body.grant ?? (by.authority.at(-1)?.grant as Grant);
      const { token } = await auth.issue({ ...withoutAbsent(body), kind: 'personal-access', grant }, by);
      return json({ token }, 201);
    },
    refresh: async (context) => {
      const by = await usePersonal(context);
      const { token } = await countRequest(meter, by, () => access.issue(by, {})).catch((cause: unknown) => {
        // The token is valid and works by itself; a 401 would state that it is not.
        if (!(cause instanceof InvalidTokenError) || cause.code !== 'AUTH_TOKEN_KIND_DISABLED') throw cause;
        throw new ServerError('NOT_FOUND', NO_ACCESS_TOKENS, { detail: cause.message });
      });
      return json({ access: token });
    },
    blacklist: async (context) => {
      const by = context.auth.principal;
      const refresh = readRefresh(context);
      const id = readPersonalAccessTokenId(refresh);
      // The caller either holds the whole token, which proves that it may revoke it, or can list it.
      const holder = await recallOr(auth, refresh, () => verifyPersonal(refresh)).catch((error: unknown) => {
        if (error instanceof InvalidTokenError) return undefined;
        throw error;
      });
      const own = holder === undefined ? (await listPersonal(by)).find((token) => token.id === id) : undefined;
      if (own === undefined && holder === undefined)
        throw new ServerError('NOT_FOUND', NOT_VALID, { param: 'refresh' });
      const { stored } = await (holder === undefined ? auth.revoke(own?.id ?? '', by) : auth.revokeSelf(holder));
      return stored ? { status: 204 } : answerNotStored({});
    },
    rotate: async (context) => {
      const holder = await usePersonal(context).catch((cause: unknown) => {
        if (!(cause instanceof InvalidTokenError)) throw cause;
        throw new ServerError('INVALID_REQUEST', NOT_VALID, { param: 'refresh', cause });
      });
      const { token } = await auth.rotate(holder.id, {}, holder);
      return json({ refresh: token });
    },
  };
}

function requirePersonal(principal: Principal): Principal {
  if (principal.kind !== 'personal-access') throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
  return principal;
}

const NOT_VALID = 'The refresh token is invalid, has expired or was revoked already.';
const NO_ACCESS_TOKENS =
  'Access tokens are switched off on this server. Send the personal access token itself as a bearer token.';
