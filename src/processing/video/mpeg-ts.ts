import { readBytes } from '../run/read-bytes.js';

/** The names that file-type uses. */
export const transportStream = { mime: 'video/mp2t', ext: 'ts' };

const syncByte = 0x47;
/** Bytes from one packet to the next: broadcast, Blu-ray and AVCHD (a time stamp before each), with error correction. */
const spacings = [188, 192, 204];
/** file-type requires only two, which other files contain by chance. */
const minPackets = 5;

/**
 * Whether packets of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3.2) follow each other near the start of a file. The
 * first may be cut off, as in recordings of broadcasts.
 */
export async function isTransportStream(path: string): Promise<boolean> {
  const bytes = await readBytes(path, (minPackets + 1) * Math.max(...spacings));
  return spacings.some((spacing) => {
    for (let start = 0; start < spacing; start++) if (hasPackets(bytes, start, spacing)) return true;
    return false;
  });
}

function hasPackets(bytes: Buffer, start: number, spacing: number): boolean {
  for (let packet = 0; packet < minPackets; packet++) {
    const at = start + packet * spacing;
    // Neither payload nor adaptation field: a reserved value.
    if (bytes[at] !== syncByte || !((bytes[at + 3] ?? 0) & 0x30)) return false;
  }
  return true;
}
