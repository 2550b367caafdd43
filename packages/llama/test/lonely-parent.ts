import { askingForEndlessText, loadNano, NEVER, newEngine } from './nano.ts';

/** A server that will be killed in the middle of an answer; it tells its own parent which process runs the model. */
const model = await loadNano(newEngine());
for await (const event of model.generate(askingForEndlessText(), NEVER)) {
  if (event.type === 'message.delta') process.send?.(model.pid);
}
