import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/contracts/webhook-event.ts';
import { createEngineLookout } from '../../src/webhooks/watch-engines.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

function newLookout() {
  const told: WebhookEvent[] = [];
  let problems: readonly string[] = [];
  const lookout = createEngineLookout({ problems: async () => problems }, (event) => void told.push(event));
  return {
    ...lookout,
    told,
    errors: () => told.map(({ data }) => [data.model, data.error]),
    set: (...now: readonly string[]) => {
      problems = now;
    },
  };
}

describe('an upstream server that does not answer', () => {
  it('is told once, and again after it has answered in between', async () => {
    const { look, set, errors, told } = newLookout();
    await look(at(0));
    set('http://a cannot be reached');
    for (const second of [1, 2]) await look(at(second));
    set('http://a cannot be reached', 'http://b cannot be reached');
    await look(at(3));
    set();
    await look(at(4));
    set('http://a cannot be reached');
    await look(at(5));
    expect(errors()).toEqual([
      [null, 'http://a cannot be reached'],
      [null, 'http://b cannot be reached'],
      [null, 'http://a cannot be reached'],
    ]);
    expect(new Set(told.map(({ key }) => key)).size).toBe(3);
  });
});

describe('a model whose engine fails', () => {
  it('is told once, until it was loaded again', () => {
    const { judge, errors } = newLookout();
    judge('ibm/granite', 'The model crashed.', at(0));
    judge('ibm/granite', 'The file is damaged.', at(1));
    judge('ibm/other', 'The file is damaged.', at(2));
    judge('ibm/granite', undefined, at(3));
    judge('ibm/granite', 'The model crashed.', at(4));
    expect(errors()).toEqual([
      ['ibm/granite', 'The model crashed.'],
      ['ibm/other', 'The file is damaged.'],
      ['ibm/granite', 'The model crashed.'],
    ]);
  });
});
