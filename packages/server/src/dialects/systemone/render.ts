import type { DecisionsResult } from '../../contracts/decisions.ts';
import { choiceConfidence, expectedLevel, indexOfMost, scoreConfidence } from '../../wire/decision-answers.ts';
import type { SystemOneQuestion } from './schema.ts';

/** The answers by the names of the questions. */
export function renderSystemOne(
  model: string,
  asked: readonly (readonly [name: string, question: SystemOneQuestion])[],
  { probabilities, promptTokens }: DecisionsResult,
): object {
  const answers = asked.map(([name, question], index) => [name, toAnswer(question, probabilities[index] ?? [])]);
  return {
    model,
    answers: Object.fromEntries(answers),
    usage: { input_tokens: promptTokens, output_tokens: 0 },
  };
}

function toAnswer(question: SystemOneQuestion, shares: readonly number[]): object {
  switch (question.type) {
    case 'noul':
      return { type: 'noul', noul: shares[0] };
    case 'choice': {
      const names = Object.keys(question.criteria);
      return {
        type: 'choice',
        choice: names[indexOfMost(shares)],
        probabilities: Object.fromEntries(names.map((name, index) => [name, shares[index]])),
        confidence: choiceConfidence(shares),
      };
    }
    case 'score':
      return {
        type: 'score',
        score: expectedLevel(shares),
        legend: { ...question.criteria.map((description, level) => description ?? `${level}`) },
        probabilities: { ...shares },
        confidence: scoreConfidence(shares),
      };
  }
}
