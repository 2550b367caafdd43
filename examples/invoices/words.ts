import { budget, defineVocabulary, names } from '@latchkey/auth-core';

/** The vocabulary of this API: its actions, resources and limits. */
export const words = {
  actions: ['invoices:read', 'invoices:write'],
  resources: { invoices: names('invoice') },
  limits: { pagesPerDay: budget('day') },
} as const;

/** The same for a process that only verifies. */
export const vocabulary = defineVocabulary(words);
