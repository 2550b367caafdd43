import { budget, defineVocabulary, names } from '@latchkey/auth-core';

/** What there is to decide about in this API. */
export const words = {
  actions: ['invoices:read', 'invoices:write'],
  resources: { invoices: names('invoice') },
  limits: { pagesPerDay: budget('day') },
} as const;

/** The same for a process that only verifies. */
export const vocabulary = defineVocabulary(words);
