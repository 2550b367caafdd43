import { z } from 'zod';

/** A base64 data URL of an image; the groups are media type and data. */
const DATA_URL = /^data:(image\/[a-z0-9.+-]{1,40});base64,([A-Za-z0-9+/]+={0,2})$/;

export const imageDataUrlSchema = z.string().transform((url, context) => {
  const [, mediaType, data] = DATA_URL.exec(url) ?? [];
  if (mediaType === undefined || data === undefined) {
    context.addIssue({ code: 'custom', message: 'expected a base64 data URL of an image (data:image/png;base64,…)' });
    return z.NEVER;
  }
  return { mediaType, data };
});
