/** The path of a place: the token of its client is the segment after this one. */
const PLACES = '/t/';
/** What a place is called in the path of a request, once its token was taken out. */
export const PLACE_PATH = '/t/-';

/**
 * Takes the token out of the path of a place, so that no step after it, log or message can show it. What follows `/t/`
 * is taken out whatever its shape is: it may be most of a token.
 */
export function splitPlace(path: string): { readonly path: string; readonly place?: string } {
  if (!path.startsWith(PLACES)) return { path };
  const end = path.indexOf('/', PLACES.length);
  const place = path.slice(PLACES.length, end === -1 ? undefined : end);
  return { path: `${PLACE_PATH}${end === -1 ? '' : path.slice(end)}`, place };
}
