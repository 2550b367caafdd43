import { createAccessTokenVerifier } from '@latchkey/auth-core/jwt';
import { vocabulary } from './words.ts';

/*
 * Another service, in a separate process, without a database or a secret: it only has the issuer's public keys. Prints
 * its decisions about two invoices.
 */

const [jwks = '', issuer = '', token = ''] = process.argv.slice(2);
const verifier = createAccessTokenVerifier({
  vocabulary,
  jwks: new URL(jwks),
  issuer,
  audience: 'https://reports.example',
});
const caller = await verifier.verify(token);
const mayRead = (invoices: string) =>
  vocabulary.decide(caller.authority, { action: 'invoices:read', invoices }, { now: new Date() }).allowed;
console.log(JSON.stringify([caller.owner, mayRead('ada-17'), mayRead('bob-1')]));
