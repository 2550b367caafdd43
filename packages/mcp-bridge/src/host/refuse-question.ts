import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/client';

/** What a server may ask of its client, in the words that its users know. */
const features: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'Sampling (a request to the model of the client)',
  'elicitation/create': 'Elicitation (a question to the user of the client)',
  'roots/list': 'Listing roots (the folders of the client)',
};

/**
 * Answers what a server asks of this client, which offers it nothing, in words that its author and its users
 * understand.
 */
export async function refuseQuestion({ method }: { readonly method: string }): Promise<never> {
  const feature = Object.hasOwn(features, method) ? features[method] : undefined;
  const message =
    feature === undefined
      ? 'Method not found: this client does not know it.'
      : `${feature} is not supported by this client, which did not declare it.`;
  throw new ProtocolError(ProtocolErrorCode.MethodNotFound, message);
}
