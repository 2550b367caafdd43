import { removeHidden } from './hidden-characters.ts';

/** How far a running call is, in its server's own words and measure. */
export interface ToolProgress {
  readonly progress: number;
  /** What `progress` will be at the end, if the server knows. */
  readonly total?: number;
  /** At most 500 characters, none of them hidden. */
  readonly message?: string;
}

const messageCharacters = 500;

/** What a server says of a call, as it may be shown. */
export function cleanProgress({ progress, total, message }: ReportedProgress): ToolProgress {
  return {
    progress,
    ...(total === undefined ? {} : { total }),
    ...(message === undefined ? {} : { message: removeHidden(message.slice(0, messageCharacters)) }),
  };
}

interface ReportedProgress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}
