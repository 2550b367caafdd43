/**
 * Why a download cannot go on. The message may be shown to its caller; it names hosts and sizes, never a token or a
 * path of this machine.
 */
export class DownloadFailure extends Error {
  override readonly name = 'DownloadFailure';
  /** Whether another attempt may succeed. */
  readonly isPassing: boolean;
  /** The status of the answer that was the reason, if one was. */
  readonly status: number | undefined;

  constructor(
    message: string,
    options: ErrorOptions & { readonly isPassing?: boolean; readonly status?: number } = {},
  ) {
    super(message, options);
    this.isPassing = options.isPassing ?? false;
    this.status = options.status;
  }
}
