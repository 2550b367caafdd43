import { main } from '../../src/command/cli.ts';

/** A server in which, whenever its parent says so, a promise fails that nothing waits for. */
process.on('message', () => {
  void Promise.reject(new Error('the deliberate fault'));
});
await main(process.argv);
