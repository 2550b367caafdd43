import { describe, expect, it } from 'vitest';
import { readClaims } from '../../src/jwt/index.ts';
import { createAccessBench, ELSEWHERE, goodClaims } from './access-bench.ts';

const own = { tenant: 'acme', roles: ['reader', 'writer'], plan: { seats: 3, trial: false, until: null } };

describe("a server's own claims", () => {
  it('are read after verification, here and in another server, and cannot be changed there', async () => {
    const { accessTokens, auth, makePrincipal, verifier } = await createAccessBench();
    const by = await makePrincipal();
    const here = await accessTokens.issue(by, { claims: own });
    expect((await auth.verify(here.token)).claims).toEqual(own);
    const { token } = await accessTokens.issue(by, { claims: own, audience: ELSEWHERE });
    const { claims } = await verifier.verify(token);
    expect(claims).toEqual(own);
    expect(Object.isFrozen(claims?.plan)).toBe(true);
    expect((await auth.refresh(await auth.verify(here.token))).claims).toEqual(own);
  });

  it('are absent where none were added, and are not handed on', async () => {
    const { accessTokens, auth, makePrincipal } = await createAccessBench();
    const by = await makePrincipal();
    expect(await auth.verify((await accessTokens.issue(by)).token)).not.toHaveProperty('claims');
    const first = await auth.verify((await accessTokens.issue(by, { claims: own })).token);
    expect(await auth.verify((await accessTokens.issue(first)).token)).not.toHaveProperty('claims');
  });

  it('have a type once they are read', async () => {
    const read = ({ tenant }: Readonly<Record<string, unknown>>) => {
      if (typeof tenant !== 'string') throw new TypeError('tenant must be a text');
      return { tenant };
    };
    const { tenant }: { tenant: string } = readClaims({ claims: own }, read);
    expect(tenant).toBe('acme');
    for (const claims of [{}, { tenant: 7 }]) {
      expect(() => readClaims({ claims }, read)).toThrow(expect.objectContaining({ code: 'AUTH_TOKEN_MALFORMED' }));
    }
    expect(() => readClaims({}, read)).toThrow(expect.objectContaining({ code: 'AUTH_TOKEN_MALFORMED' }));
  });

  it.each([
    ['iss', 'https://other.example'],
    ['sub', 'eve'],
    ['aud', 'everyone'],
    ['exp', 9_999_999_999],
    ['nbf', 0],
    ['iat', 0],
    ['jti', 'x'],
    ['client_id', 'x'],
    ['scope', 'chat'],
    ['token_type', 'refresh'],
    ['authorization_details', []],
    ['latchkey', {}],
    ['cnf', {}],
    ['act', {}],
    ['may_act', {}],
  ])('cannot be %s', async (name, value) => {
    const { accessTokens, makePrincipal } = await createAccessBench();
    const issuing = accessTokens.issue(await makePrincipal(), { claims: { [name]: value } });
    await expect(issuing).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID', path: `claims.${name}` });
  });

  it('are bounded, and are JSON', async () => {
    const { accessTokens, makePrincipal } = await createAccessBench();
    const by = await makePrincipal();
    const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
    for (const claims of [
      { a: 'x'.repeat(2048) },
      { a: '漢'.repeat(700) },
      { a: Array.from({ length: 300 }, () => 1) },
      { ['x'.repeat(101)]: 1 },
      deep(9),
      { a: 1n },
      { a: Number.NaN },
      { a: new Date(0) },
      { a: undefined },
      [],
      null,
      'text',
    ]) {
      const issuing = accessTokens.issue(by, { claims: claims as never });
      await expect(issuing).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID' });
    }
    expect(
      (await accessTokens.issue(by, { claims: { a: 'x'.repeat(2000), ...deep(7) } as never })).token,
    ).toBeDefined();
  });

  it('named like a property of every object are claims like any other', async () => {
    const { accessTokens, auth, makePrincipal } = await createAccessBench();
    const claims = JSON.parse('{"__proto__":{"a":1},"constructor":2,"1":3}');
    const { token } = await accessTokens.issue(await makePrincipal(), { claims });
    expect(JSON.stringify((await auth.verify(token)).claims)).toBe('{"1":3,"__proto__":{"a":1},"constructor":2}');
  });

  it('that change what a token means are not taken for those of the server', async () => {
    const { sign, verifier } = await createAccessBench();
    const text = await sign(goodClaims({ cnf: { jkt: 'x' }, nbf: 0, tenant: 'acme' }));
    expect((await verifier.verify(text)).claims).toEqual({ tenant: 'acme' });
  });

  it('are named in the audit log', async () => {
    const { accessTokens, events, makePrincipal } = await createAccessBench();
    await accessTokens.issue(await makePrincipal(), { claims: own });
    expect(events.at(-1)).toMatchObject({ type: 'token.exchanged', details: { claims: ['tenant', 'roles', 'plan'] } });
    expect(JSON.stringify(events)).not.toContain('acme');
  });
});
