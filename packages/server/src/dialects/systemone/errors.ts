export { openaiErrors as systemOneErrors } from '../../wire/openai-errors.ts';
