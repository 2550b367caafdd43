import { ChannelParser } from './channel-parser.ts';
import { OutputParser } from './output-parser.ts';
import type { TurnParser, TurnParserOptions } from './turn-parser.ts';

export function createTurnParser(options: TurnParserOptions): TurnParser {
  const { channels } = options.syntax;
  return channels === undefined ? new OutputParser(options) : new ChannelParser(options, channels);
}
