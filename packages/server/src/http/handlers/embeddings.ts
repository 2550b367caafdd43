import type { EmbedService } from '../../chat/embed-service.ts';
import type { EmbeddingsDialect } from '../../contracts/embeddings.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { toChatCaller } from '../chat-caller.ts';
import { jsonInPieces } from '../reply.ts';
import type { Handler } from '../step.ts';

/** Makes embeddings in any API. */
export const createEmbeddingsHandler =
  (embed: EmbedService, dialect: EmbeddingsDialect): Handler =>
  async (context) => {
    const { request, ignored, paramOf, render } = dialect.parse(context.body);
    if (ignored.length > 0) context.replyHeaders['Latchkey-Ignored'] = ignored.join(', ');
    try {
      return jsonInPieces(render(await embed(toChatCaller(context), request, context.signal)));
    } catch (error) {
      throw error instanceof ServerError ? error.named(paramOf) : error;
    }
  };
