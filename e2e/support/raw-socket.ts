/** What became of a connection. */
export interface SocketEnd {
  /** Whether it was opened. */
  readonly opened: boolean;
  /** The code with which it was closed. */
  readonly code: number;
  readonly messages: readonly string[];
}

/** A websocket of Node, which takes the headers of its handshake. */
type Open = new (url: string, options: { readonly headers: Readonly<Record<string, string>> }) => WebSocket;

/** Opens a connection, sends the texts, and waits for its end; `closeAfter` messages, it closes it itself. */
export async function talkOn(
  url: string,
  texts: readonly string[],
  {
    headers = {},
    closeAfter = Number.POSITIVE_INFINITY,
  }: { readonly headers?: Readonly<Record<string, string>>; readonly closeAfter?: number } = {},
): Promise<SocketEnd> {
  const socket = new (WebSocket as unknown as Open)(url, { headers });
  const messages: string[] = [];
  let opened = false;
  const ended = Promise.withResolvers<SocketEnd>();
  socket.addEventListener('open', () => {
    opened = true;
    const [first, ...others] = texts;
    if (first !== undefined) socket.send(first);
    // What follows the authentication waits for its answer.
    const go = (): void => {
      for (const text of others) socket.send(text);
    };
    socket.addEventListener('message', go, { once: true });
  });
  socket.addEventListener('message', ({ data }) => {
    messages.push(String(data));
    if (messages.length >= closeAfter) socket.close();
  });
  socket.addEventListener('error', () => {});
  socket.addEventListener('close', ({ code }) => ended.resolve({ opened, code, messages }));
  return ended.promise;
}
