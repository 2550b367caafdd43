/** How a client takes its answer: as JSON, as a stream of events, or as either. */
export type AcceptedForm = 'json' | 'events' | 'either';

/** The header that the protocol asks for. */
export const EITHER = 'application/json, text/event-stream';

/**
 * The protocol asks clients to accept both forms, and many send one, a star, or nothing. A star or no header is read as
 * JSON: clients that read events say so.
 */
export function acceptedForm(accept: string | undefined): AcceptedForm {
  const types = (accept ?? '')
    .toLowerCase()
    .split(',')
    .flatMap((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
      return parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) ? [] : [type];
    });
  const takesEvents = types.some((type) => type === 'text/event-stream' || type === 'text/*');
  const takesJson = types.some((type) => type === 'application/json' || type === 'application/*');
  if (takesEvents) return takesJson || types.includes('*/*') ? 'either' : 'events';
  return 'json';
}

/** Puts an answer into the form that its client takes. JSON has the answer alone, without progress. */
export async function inAcceptedForm(response: Response, form: AcceptedForm, isBatch: boolean): Promise<Response> {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
  if (form === 'json' && type === 'text/event-stream') {
    const answers = answersOf(await response.text());
    return Response.json(isBatch ? answers : answers[0], { status: answers.length === 0 ? 202 : response.status });
  }
  if (form === 'events' && response.ok && type === 'application/json') {
    const answers = [JSON.parse(await response.text())].flat();
    const events = answers.map((answer) => `event: message\ndata: ${JSON.stringify(answer)}\n\n`);
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
    return new Response(events.join(''), { status: response.status, headers });
  }
  return response;
}

/** The messages of a stream that are answers. */
function answersOf(stream: string): unknown[] {
  return stream.split(/\r?\n\r?\n/).flatMap((event) => {
    const data = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    const text = data.map((line) => line.slice('data:'.length).trimStart()).join('\n');
    if (text === '') return [];
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null && !('method' in message) ? [message] : [];
  });
}
