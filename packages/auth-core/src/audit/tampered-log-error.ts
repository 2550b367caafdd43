/** The log is not as it was last written: it takes no entry until that is looked into. */
export class TamperedLogError extends Error {
  override name = 'TamperedLogError';

  constructor() {
    super(
      'the end of the audit log is not what was last written: it was changed, cut off or put back, or the key is another ' +
        'one; verify the log, and keep what there is',
    );
  }
}
