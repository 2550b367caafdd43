/**
 * Reads the header fields of a request by their names in lower case: the value of every received line, in order. With
 * Node: `(name) => request.headersDistinct[name] ?? []`; with fetch:
 * `(name) => { const value = request.headers.get(name); return value === null ? [] : [value]; }`, which joins lines by
 * commas. Both forms are accepted.
 */
export type ReadHeader = (name: string) => readonly string[];
