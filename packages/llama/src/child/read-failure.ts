import { MissingPart, UnfinishedFile } from './gguf-header.ts';

/** Why a file could not be read as a model. */
export interface ReadFailure {
  /** May be shown to callers: it contains no path. */
  readonly message: string;
  /** Whether the failure is temporary: it says nothing about the file's content, and a later attempt may succeed. */
  readonly isPassing: boolean;
}

const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "the server's user may not read it",
  EPERM: "the server's user may not read it",
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'there is no memory left',
  ENOENT: 'it is there no longer',
  EIO: 'the disk does not answer',
  ESTALE: 'the share that it is on was lost',
  ETIMEDOUT: 'the share that it is on does not answer',
};

/** A missing part or an error of the operating system is temporary; an error in the file's content is permanent. */
export function explainReadFailure(error: unknown): ReadFailure {
  if (error instanceof MissingPart) {
    return { message: `The model's part ${error.part} is missing.`, isPassing: true };
  }
  if (error instanceof UnfinishedFile) {
    const message = 'The end of the file has nothing but zeros, as that of a download that has not finished.';
    return { message, isPassing: false };
  }
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
  if (code === undefined) {
    return { message: 'The file is not a GGUF model, or its header is damaged.', isPassing: false };
  }
  return {
    message: `The file cannot be read: ${MEANINGS[code] ?? 'the system refuses it'} (${code}).`,
    isPassing: true,
  };
}
