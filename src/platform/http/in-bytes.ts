const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `41943040` → `40 MiB (41943040 bytes)`: readable and exact. */
export function inBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} bytes` : `${Number(value.toFixed(1))} ${units[unit]} (${bytes} bytes)`;
}
