import worker from './worker.ts';

/* The worker in a runtime that runs programs. */

const response = await worker.fetch(new Request('http://localhost/'));
console.log(await response.text());
