/** How long to work before other work of the process gets a turn. */
const TURN_MILLISECONDS = 10;

/** Creates a function to call between the steps of long work: every 10 ms it lets the process do other work. */
export function createGiveWay(): () => Promise<void> {
  let since = performance.now();
  return async function giveWay() {
    if (performance.now() - since < TURN_MILLISECONDS) return;
    await new Promise<void>((resolve) => setTimeout(resolve));
    since = performance.now();
  };
}
