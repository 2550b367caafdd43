import { createAuth, createMemoryTokenStore, defineVocabulary } from '@latchkey/auth-core';

/** What every host here serves: one route that needs the action `invoices:read`. */
const vocabulary = defineVocabulary({ actions: ['invoices:read', 'invoices:write'] });

export const auth = createAuth({
  vocabulary,
  store: createMemoryTokenStore(),
  digestKey: crypto.getRandomValues(new Uint8Array(32)),
});

/** One answer to the caller: its status and its body. */
export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** Sends a request with these header fields to the host. */
export type Send = (headers: Readonly<Record<string, string>>) => Promise<Answered>;

/** Asks without a token, with one that does not exist, with one that may not, and with one that may. */
export async function askAll(send: Send): Promise<readonly string[]> {
  const issue = async (action: 'invoices:read' | 'invoices:write') =>
    (await auth.issue({ name: 'ci', grant: { actions: [action] } }, auth.operator())).token;
  const able = await issue('invoices:read');
  const unable = await issue('invoices:write');
  const unknown = `${able.slice(0, -20)}${'A'.repeat(20)}`;
  const answers: string[] = [];
  for (const token of [undefined, unknown, unable, able]) {
    const { status, body } = await send(token === undefined ? {} : { authorization: `Bearer ${token}` });
    const { error, hello } = JSON.parse(body) as { error?: { code: string }; hello?: string };
    answers.push(`${status} ${error?.code ?? hello}`);
  }
  return answers;
}

/** Sends requests with fetch. */
export const sendTo =
  (url: string): Send =>
  async (headers) => {
    const response = await fetch(url, { headers });
    return { status: response.status, body: await response.text() };
  };
