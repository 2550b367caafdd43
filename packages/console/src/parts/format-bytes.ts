const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** A size as a person reads it: `2.9 MiB`, `4.1 GiB`. */
export const formatBytes = (bytes: number): string =>
  bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${(bytes / MIB).toFixed(1)} MiB`;
