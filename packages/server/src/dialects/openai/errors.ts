export { openaiErrors } from '../../wire/openai-errors.ts';
