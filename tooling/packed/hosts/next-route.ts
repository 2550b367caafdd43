import { protect } from '@latchkey/auth-core/fetch';
import { auth } from './invoices.ts';

/* `app/api/invoices/route.ts` of a Next.js application. */

const guard = protect({ auth });

export const GET = guard('invoices:read')((_request, caller) => Response.json({ hello: caller.principal.name }));
