import { createClient, LatchkeyError } from '@latchkey/client';

/*
 * Asks the server for the owner of its token, and makes a request that is refused. Run as a program in Node, imported
 * as a module in a browser.
 */

/** The client's result, which is printed or shown on a page. */
export async function tryClient(url: string, token: string, wrong: string): Promise<string> {
  const { name, project } = await createClient({ url, token, project: 'books' }).auth.whoami();
  const refused = await createClient({ url, token: wrong })
    .auth.whoami()
    .catch((error: unknown) => error);
  const code = refused instanceof LatchkeyError ? `${refused.name} ${refused.code} ${refused.status}` : String(refused);
  return JSON.stringify({ name, project, refused: code });
}

const [url, token, wrong] = globalThis.process?.env.LATCHKEY_TRY?.split(' ') ?? [];
if (url !== undefined && token !== undefined && wrong !== undefined) console.log(await tryClient(url, token, wrong));
