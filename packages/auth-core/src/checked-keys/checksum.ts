/** How many characters a checksum has: 62 to the power of 6 is more than 32 bits need. */
export const CHECKSUM_CHARACTERS = 6;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The polynomial of CRC-32 (ISO 3309, as in zlib and PNG), its bits in reverse. */
const POLYNOMIAL = 0xedb88320;

/** The CRC-32 of an ASCII text in base 62, padded with zeros to six characters. It protects nothing: it finds typos. */
export function checksumOf(text: string): string {
  let remainder = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    remainder ^= text.charCodeAt(index);
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  }
  let value = (remainder ^ 0xffffffff) >>> 0;
  let digits = '';
  for (let place = 0; place < CHECKSUM_CHARACTERS; place++) {
    digits = (DIGITS[value % 62] ?? '') + digits;
    value = Math.floor(value / 62);
  }
  return digits;
}
