const END =
  'the end of the audit log is not what was last written: it was changed, cut off or put back, or the key is another one';

/** The log is not as it was written: it takes no entry, and gives none up, until that is looked into. */
export class TamperedLogError extends Error {
  override name = 'TamperedLogError';

  constructor(found = END) {
    super(`${found}; verify the log, and keep what there is`);
  }
}
