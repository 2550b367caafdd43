import { ServerError } from '../contracts/server-error.ts';

/** A path of this server as clients reach it: a proxy may serve it under a prefix and strip that. */
export const belowPublicUrl = (publicUrl: string, path: string): string => publicUrl.replace(/\/+$/, '') + path;

/** @throws {ServerError} `INVALID_REQUEST` when there is no `publicUrl`, which another setting needs */
export function requirePublicUrl(publicUrl: string | undefined, setting: string, why: string): string {
  if (publicUrl !== undefined) return publicUrl;
  throw new ServerError('INVALID_REQUEST', `${setting} needs publicUrl: ${why}.`, { param: 'publicUrl' });
}
