import { visibleText } from '../visible-text.ts';

/** How far a running call is, in its server's own words and measure. */
export interface ToolProgress {
  readonly progress: number;
  /** What `progress` will be at the end, if the server knows. */
  readonly total?: number;
  /** At most 500 characters, with those that are hidden written out. */
  readonly message?: string;
}

const messageCharacters = 500;

/** What a server says of a call, as it may be shown. */
export function cleanProgress({ progress, total, message }: ReportedProgress): ToolProgress {
  return {
    progress,
    ...(total === undefined ? {} : { total }),
    ...(message === undefined ? {} : { message: visibleText(message.slice(0, messageCharacters)) }),
  };
}

interface ReportedProgress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}
