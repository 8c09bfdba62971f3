import { readBytes } from '../run/read-bytes.js';

/** Bytes. Maximum distance of the first frame from the start, or from the end of the tag. */
const maxLeadBytes = 4096;
const minFrames = 3;
const maxFrameBytes = 1441;

/**
 * Whether MPEG layer III frames follow each other near the start of a file. The sniffing library gives up on an MP3
 * whose first frame comes after padding or the rest of a cut frame.
 */
export async function startsWithMp3(path: string): Promise<boolean> {
  const start = tagBytes(await readBytes(path, 10));
  const bytes = await readBytes(path, maxLeadBytes + minFrames * maxFrameBytes, start);
  for (let at = bytes.indexOf(0xff); at >= 0 && at <= maxLeadBytes; at = bytes.indexOf(0xff, at + 1)) {
    if (hasFramesAt(bytes, at)) return true;
  }
  return false;
}

/** Length of the ID3v2 tag (id3.org, ID3v2.4 structure, 3.1): seven bits a byte, so that it never looks like a frame. */
function tagBytes(head: Buffer): number {
  if (head.toString('latin1', 0, 3) !== 'ID3' || head.length < 10) return 0;
  return 10 + head.subarray(6).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
}

function hasFramesAt(bytes: Buffer, start: number): boolean {
  let at = start;
  for (let frame = 0; frame < minFrames; frame++) {
    const length = frameBytes(bytes.subarray(at, at + 4));
    if (!length) return false;
    at += length;
  }
  return true;
}

/** kbit/s by the four bits of the header, layer III. */
const bitrates = {
  mpeg1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  mpeg2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
} as const;
const sampleRates = [44_100, 48_000, 32_000];
/** By the two bits of the version: MPEG 2.5, none, 2, 1. */
const versions = [
  { bitrates: bitrates.mpeg2, divisor: 4, slots: 72 },
  undefined,
  { bitrates: bitrates.mpeg2, divisor: 2, slots: 72 },
  { bitrates: bitrates.mpeg1, divisor: 1, slots: 144 },
];

/** Length of the frame that begins here, 0 when none does (ISO/IEC 11172-3, 2.4.1.3 and 2.4.2.3). */
function frameBytes(header: Buffer): number {
  const [sync, kind, rate] = header;
  if (header.length < 4 || sync !== 0xff || (kind! & 0xe6) !== 0xe2) return 0;
  const version = versions[(kind! >> 3) & 3];
  const sampleRate = sampleRates[(rate! >> 2) & 3];
  const bitrate = version?.bitrates[rate! >> 4];
  if (!version || !sampleRate || !bitrate) return 0;
  const padding = (rate! >> 1) & 1;
  return Math.floor((version.slots * bitrate * 1000 * version.divisor) / sampleRate) + padding;
}
