/** For how long to work before whoever else waits has a turn. */
const TURN_MILLISECONDS = 20;

/** Creates what is called between the steps of long work: now and then it lets the process do something else. */
export function createGiveWay(): () => Promise<void> {
  let since = performance.now();
  return async function giveWay() {
    if (performance.now() - since < TURN_MILLISECONDS) return;
    await new Promise<void>((resolve) => setTimeout(resolve));
    since = performance.now();
  };
}
