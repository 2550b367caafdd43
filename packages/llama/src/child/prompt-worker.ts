import { parentPort } from 'node:worker_threads';
import { type ChosenFormat, chooseFormat, type FormatSource } from '../formats/choose-format.ts';
import { type DecisionSource, type DecisionText, writeDecision } from '../formats/decision-text.ts';
import { type PromptSource, type PromptText, writePrompt } from '../formats/prompt-text.ts';
import { type RawPromptSource, writeRawPrompt } from '../formats/raw-prompt.ts';
import { SpecialTexts } from '../formats/special-texts.ts';
import { markAll, specialsIn } from '../formats/syntax/token-marks.ts';
import type { TurnSyntax } from '../formats/syntax/turn-syntax.ts';
import type { TemplateTraits } from '../formats/template-traits.ts';
import type { TransportedError } from '../protocol.ts';
import { toTransportedError } from '../transported-error.ts';

/** A job of the thread. It has one job at a time. */
export type PromptJob =
  | { readonly type: 'choose'; readonly source: FormatSource; readonly specialTexts: readonly string[] }
  | { readonly type: 'write'; readonly request: PromptSource }
  | { readonly type: 'write-raw'; readonly prompt: RawPromptSource }
  | { readonly type: 'write-decision'; readonly decision: DecisionSource };

/** The parts of a model's format that can be sent to another thread. */
export interface FormatFacts {
  /** With a mark in front of each special token of the vocabulary. */
  readonly syntax: TurnSyntax;
  /** The special tokens that are markers in a turn. */
  readonly markers: readonly string[];
  readonly stop: readonly string[];
  readonly traits: TemplateTraits;
}

export type PromptOutcome =
  | { readonly type: 'chosen'; readonly facts: FormatFacts }
  | { readonly type: 'written'; readonly text: PromptText }
  | { readonly type: 'decision'; readonly text: DecisionText }
  | { readonly type: 'failed'; readonly error: TransportedError };

/** The thread's first message, sent when it is ready for jobs. */
export interface ThreadReady {
  readonly type: 'ready';
}

let chosen: ChosenFormat | undefined;
let specials = new SpecialTexts([]);

function run(job: PromptJob): PromptOutcome {
  if (job.type === 'choose') {
    chosen = chooseFormat(job.source);
    specials = new SpecialTexts(job.specialTexts);
    const { format, traits } = chosen;
    const syntax = markAll(format.syntax, specials);
    return {
      type: 'chosen',
      facts: { syntax, markers: specialsIn(format.syntax, specials), stop: format.stop, traits },
    };
  }
  if (chosen === undefined) throw new Error('no format has been chosen');
  if (job.type === 'write-decision') {
    return { type: 'decision', text: writeDecision(chosen, specials, job.decision) };
  }
  const text = job.type === 'write' ? writePrompt(chosen, specials, job.request) : writeRawPrompt(job.prompt, specials);
  return { type: 'written', text };
}

parentPort?.on('message', (job: PromptJob) => {
  let outcome: PromptOutcome;
  try {
    outcome = run(job);
  } catch (error) {
    outcome = { type: 'failed', error: toTransportedError(error) };
  }
  parentPort?.postMessage(outcome);
});
parentPort?.postMessage({ type: 'ready' } satisfies ThreadReady);
