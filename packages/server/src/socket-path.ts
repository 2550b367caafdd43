import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';

/** A socket for its owner and the owner's group: 0660. */
const UMASK = 0o117;

/**
 * Listens on the path of a Unix socket. Removes the socket of a server that has ended without removing it; nothing else
 * is removed. Only the owner and its group may connect, from the first moment on.
 */
export async function withFreePath(path: string, open: () => Promise<void>): Promise<void> {
  if (isSocket(path) && (await isAbandoned(path))) unlinkSync(path);
  // The path is bound before `open` returns its promise.
  const before = process.umask(UMASK);
  let opening: Promise<void>;
  try {
    opening = open();
  } finally {
    process.umask(before);
  }
  await opening;
}

const isSocket = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;

/** Nothing accepts connections there any more. */
const isAbandoned = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
