import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ISSUER, openInvoices } from './app.ts';

/* The life of one customer's key: created, used, counted, verified elsewhere, rotated, revoked. Prints each answer. */

const folder = mkdtempSync(join(tmpdir(), 'invoices-'));
const { app, auth } = await openInvoices(join(folder, 'auth.db'));
const server = createServer(app);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** The fields of the answers that are printed or used. */
interface Answer {
  readonly id: string;
  readonly token: string;
  readonly pages?: number;
  readonly error?: { readonly code: string };
}

async function ask(method: string, path: string, token: string, body?: object) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: (await answer.json()) as Answer };
}
async function say(what: string, asked: ReturnType<typeof ask>) {
  const { status, body } = await asked;
  console.log(
    `${what}: ${status}${body.error ? ` ${body.error.code}` : ''}${body.pages ? ` ${body.pages} pages` : ''}`,
  );
}

// The operator at the machine makes the key of the shop, and the shop makes the keys of its customers.
const shop = await auth.issue({ name: 'shop', grant: { actions: ['*'], invoices: ['*'] } }, auth.operator());
const grant = { actions: ['invoices:read'], invoices: ['ada-*'], limits: { pagesPerDay: 4 } };
const made = await ask('POST', '/tokens', shop.token, { name: 'ada', owner: 'ada', grant });
const { id, token } = made.body;
console.log(`made a key for ada: ${made.status}`);

await say('ada reads an invoice', ask('GET', '/invoices/ada-17', token));
await say("ada reads bob's", ask('GET', '/invoices/bob-1', token));
await say('ada makes a key', ask('POST', '/tokens', token, { name: 'more', grant }));
await say('ada prints', ask('POST', '/invoices/ada-17/print', token));
await say('ada prints again', ask('POST', '/invoices/ada-17/print', token));
await say('ada prints once more', ask('POST', '/invoices/ada-17/print', token));

const access = await ask('POST', '/reports/token', token);
const reports = [join(import.meta.dirname, 'reports.ts'), `${url}/.well-known/jwks.json`, ISSUER, access.body.token];
const elsewhere = await promisify(execFile)(process.execPath, reports);
console.log(`verified in another process: ${elsewhere.stdout.trim()}`);

const rotated = await ask('POST', `/tokens/${id}/rotate`, shop.token, { overlap: 60 });
await say('the former text, while both count', ask('GET', '/invoices/ada-17', token));
await say('the new text', ask('GET', '/invoices/ada-17', rotated.body.token));
await say('ended', ask('POST', `/tokens/${id}/revoke`, shop.token));
await say('the new text after that', ask('GET', '/invoices/ada-17', rotated.body.token));

console.log(`audit: ${(await auth.audit.list()).map(({ type }) => type).join(' ')}`);
console.log(`audit intact: ${(await auth.audit.verify()).intact}`);
server.close().closeAllConnections();
await auth.close();
rmSync(folder, { recursive: true });
