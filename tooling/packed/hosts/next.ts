// Next.js replaces modules of Node, so it comes first.
import { testApiHandler } from 'next-test-api-route-handler';
import { askAll } from './invoices.ts';
import * as route from './next-route.ts';

/* auth-core in a route handler of Next.js, run by Next.js itself, without a build of an application. */

await testApiHandler({
  appHandler: route,
  async test({ fetch }) {
    const answers = await askAll(async (headers) => {
      const response = await fetch({ headers });
      return { status: response.status, body: await response.text() };
    });
    console.log(JSON.stringify({ answers }));
  },
});
