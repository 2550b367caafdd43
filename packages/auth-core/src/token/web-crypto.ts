/** @throws {TypeError} where the platform has no cryptography, with the reason */
export function requireSubtle(): void {
  const { crypto } = globalThis as { readonly crypto?: { readonly subtle?: unknown } };
  if (!crypto?.subtle) throw new TypeError(MISSING);
}

const MISSING = 'crypto.subtle is missing: browsers have it on https and localhost only';
