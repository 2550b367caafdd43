import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import { sdkErrors } from './errors.ts';
import { parseComplete, parsePredict } from './parse.ts';
import type { FindInstance } from './render.ts';

/** The channels `predict` and `completeRawText` of LM Studio's SDK: each packet is a line. */
export const createSdkDialects = (find: FindInstance): Readonly<Record<'predict' | 'complete', ChatDialect>> => ({
  predict: { ...sdkErrors, framing: 'lines', parse: parsePredict(find) },
  complete: { ...sdkErrors, framing: 'lines', parse: parseComplete(find) },
});
