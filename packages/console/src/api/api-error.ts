/** A refusal or a failure of the server, in its own words. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** 0 when no answer came. */
  readonly status: number;
  readonly code: string;
  readonly param: string | undefined;

  constructor(status: number, code: string, message: string, param?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

/** Whether the same request would be refused again; a limit that is used up is one that passes. */
export const isFinal = ({ status }: ApiError): boolean =>
  status >= 400 && status < 500 && ![408, 425, 429].includes(status);
