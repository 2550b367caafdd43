import { mount, protect } from '@latchkey/auth-core/express';
import { createAccessTokens, createSigningKeys } from '@latchkey/auth-core/jwt';
import { openAuth } from '@latchkey/auth-core/open';
import { createKyselySigningKeyStore } from '@latchkey/auth-core/stores/kysely';
import { createTokenApi } from '@latchkey/auth-core/token-api';
import express from 'express';
import { words } from './words.ts';

export const ISSUER = 'https://invoices.example';

/** An API for invoices, whose keys, limits and audit log are in one file. */
export async function openInvoices(file: string) {
  const auth = await openAuth({ file, ...words });
  const { meter, vocabulary } = auth;
  const keys = createSigningKeys({ store: createKyselySigningKeyStore(auth.database), sealer: auth.sealer });
  const accessTokens = createAccessTokens({ vocabulary, keys, issuer: ISSUER, audit: auth.audit.record });

  const app = express();
  const guard = protect({ auth, meter });
  const invoice = ({ params }: { readonly params: object }) => ({ invoices: String(Reflect.get(params, 'id')) });

  app.get('/invoices/:id', guard('invoices:read', invoice), (request, response) => {
    response.json({ invoice: request.params.id, for: guard.callerOf(request).principal.owner });
  });
  // Printing costs pages: they are reserved before the work and settled after it.
  app.post('/invoices/:id/print', guard('invoices:read', invoice), async (request, response, next) => {
    try {
      const reservation = await guard.callerOf(request).admission.reserve('pagesPerDay', 3, 1);
      await reservation.settle(reservation.granted);
      response.json({ pages: reservation.granted });
    } catch (error) {
      next(error);
    }
  });
  // A token for another service, which verifies it without a request to this one.
  app.post('/reports/token', guard('invoices:read'), async (request, response, next) => {
    try {
      const caller = guard.callerOf(request).principal;
      const { token } = await accessTokens.issue(caller, { audience: 'https://reports.example', seconds: 300 });
      response.json({ token });
    } catch (error) {
      next(error);
    }
  });
  app.get('/.well-known/jwks.json', async (_request, response) => {
    response.json(await accessTokens.jwks());
  });
  const tokens = createTokenApi(auth, { meter });
  app.use(tokens.path, mount(tokens));
  app.use(guard.errors);
  return { app, auth };
}
