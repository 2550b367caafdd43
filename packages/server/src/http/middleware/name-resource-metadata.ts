import type { Middleware } from 'koa';
import type { DialectOf } from '../dialect-of.ts';

/** Adds to the challenges of `/mcp` where its metadata is (RFC 9728 section 5.1), so that clients find who hands out tokens. */
export function nameResourceMetadata(url: string, dialectOf: DialectOf): Middleware {
  return async function nameResourceMetadataMiddleware(ctx, next) {
    await next();
    const challenges = [ctx.res.getHeader('WWW-Authenticate') ?? []].flat().map(String);
    if (dialectOf(ctx.path).name !== 'mcp' || challenges.length === 0) return;
    ctx.set(
      'WWW-Authenticate',
      challenges.map((offer) => (offer.startsWith('Bearer ') ? `${offer}, resource_metadata="${url}"` : offer)),
    );
  };
}
