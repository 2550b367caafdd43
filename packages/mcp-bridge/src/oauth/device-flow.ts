import { z } from 'zod';
import { authenticate, type OAuthClient } from './client-identity.ts';
import { LoginError, refused } from './login-error.ts';
import type { OAuthRequests } from './oauth-requests.ts';
import { errorOf } from './token-endpoint.ts';

/** What a person needs on another device, and what this host asks the token endpoint with (RFC 8628). */
export interface DeviceAttempt {
  readonly code: string;
  readonly userCode: string;
  readonly url: string;
  readonly completeUrl?: string;
  readonly intervalMs: number;
  readonly lifetimeMs: number;
}

const schema = z.object({
  device_code: z.string().min(1).max(8192),
  // Shown to a person, so it is letters and digits only.
  user_code: z.string().regex(/^[A-Za-z0-9 -]{1,64}$/),
  verification_uri: z.string().optional(),
  verification_url: z.string().optional(),
  verification_uri_complete: z.string().optional(),
  expires_in: z.coerce.number().positive(),
  interval: z.coerce.number().positive().optional(),
});

const longestMs = 1_800_000;
const defaultIntervalMs = 5_000;
const longestIntervalMs = 60_000;

/** Asks for a code that a person enters on another device. @throws LoginError */
export async function startDevice(
  endpoint: string,
  client: OAuthClient,
  form: Record<string, string>,
  requests: OAuthRequests,
  signal: AbortSignal,
): Promise<DeviceAttempt> {
  const what = 'the device endpoint';
  const { status, body } = await requests.post(
    requests.check(endpoint, what),
    what,
    authenticate(client, form),
    signal,
  );
  if (status >= 500) throw new LoginError('unavailable', `${what} is not available (HTTP ${status})`);
  const read = schema.safeParse(body);
  if (status !== 200 || !read.success) throw refused(`${what} gave no code (${errorOf(body) ?? `HTTP ${status}`})`);
  const { device_code, user_code, verification_uri, verification_url, verification_uri_complete } = read.data;
  const page = 'the page for the code';
  const url = requests.check(verification_uri ?? verification_url ?? '', page).href;
  return {
    code: device_code,
    userCode: user_code,
    url,
    ...(verification_uri_complete === undefined
      ? {}
      : { completeUrl: requests.check(verification_uri_complete, page).href }),
    intervalMs: Math.min((read.data.interval ?? defaultIntervalMs / 1000) * 1000, longestIntervalMs),
    lifetimeMs: Math.min(read.data.expires_in * 1000, longestMs),
  };
}
