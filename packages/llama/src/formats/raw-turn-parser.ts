import { withoutMarks } from './syntax/token-marks.ts';
import type { ParsedEvent, TurnParser } from './turn-parser.ts';

/** Passes a model's text on as it is: what continues a prompt without a template has no parts. */
export class RawTurnParser implements TurnParser {
  readonly place = 'answer';
  readonly stretch = 0;
  readonly untouched = false;
  readonly callCount = 0;

  read(text: string): ParsedEvent[] {
    return [{ type: 'message.delta', text: withoutMarks(text) }];
  }

  end(): ParsedEvent[] {
    return [];
  }
}
