import { crc32, deflateSync } from 'node:zlib';

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u16le = (value: number) => Buffer.of(value & 255, value >> 8);

/** PNG 3rd edition, 5.3. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([u32(data.length), body, u32(crc32(body))]);
}

/** Inserts chunks after the header of a PNG, where readers meet them first. */
export function withChunks(png: Buffer, ...chunks: Buffer[]): Buffer {
  const headerEnd = 8 + 25;
  return Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)]);
}

/** White squares, one bit a pixel: 30,000 px a side are a tenth of a megabyte. Complete, not only a false header. */
export function pngOf(side: number): Buffer {
  const header = Buffer.concat([u32(side), u32(side), Buffer.of(1, 0, 0, 0, 0)]);
  const pixels = deflateSync(Buffer.alloc((Math.ceil(side / 8) + 1) * side), { level: 9 });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A GIF89a on a canvas of any size, whose frames have the data of one pixel, whatever size they declare. */
export function gifOf(width: number, height: number, frames: number, side = 1): Buffer {
  const head = [Buffer.from('GIF89a'), u16le(width), u16le(height), Buffer.of(0x80, 0, 0, 0, 0, 0, 255, 255, 255)];
  const control = Buffer.of(0x21, 0xf9, 4, 0, 2, 0, 0, 0);
  const place = [Buffer.of(0x2c, 0, 0, 0, 0), u16le(side), u16le(side)];
  const frame = Buffer.concat([control, ...place, Buffer.of(0, 2, 2, 0x4c, 1, 0)]);
  return Buffer.concat([...head, ...Array.from({ length: frames }, () => frame), Buffer.of(0x3b)]);
}

/** An ID3v2.4 tag (id3.org, 3.1 and 4): lengths with seven bits a byte. */
export function id3(frames: Buffer[], claimedBytes?: number): Buffer {
  const body = Buffer.concat(frames);
  return Buffer.concat([Buffer.from('ID3\x04\0\0', 'latin1'), synchsafe(claimedBytes ?? body.length), body]);
}

export const id3Frame = (id: string, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from(id, 'latin1'), synchsafe(data.length), Buffer.alloc(2), data]);

export const id3Picture = (picture: Buffer): Buffer =>
  id3Frame('APIC', Buffer.concat([Buffer.from('\0image/png\0\x03\0', 'latin1'), picture]));

const synchsafe = (value: number) => Buffer.of(...[21, 14, 7, 0].map((bits) => (value >> bits) & 0x7f));

/** An element of EBML (RFC 8794, 4): an id, a length of eight bytes, the content. */
export function ebml(id: number[], ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(body.length) | (1n << 56n));
  return Buffer.concat([Buffer.of(...id), length, body]);
}

/**
 * A WebM of one Opus track (RFC 9559; RFC 7845, 5.1) whose clusters have any number of packets at one time, of seven
 * bytes each.
 */
export function crowdedWebm(clusters: { atMs: number; packets: number }[]): Buffer {
  const opusHead = Buffer.concat([Buffer.from('OpusHead'), Buffer.of(1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)]);
  const channels = ebml([0xe1], ebml([0x9f], Buffer.of(1)));
  const codec = [ebml([0x86], Buffer.from('A_OPUS')), ebml([0x63, 0xa2], opusHead)];
  const track = ebml([0xae], ebml([0xd7], Buffer.of(1)), ebml([0x83], Buffer.of(2)), ...codec, channels);
  const block = Buffer.of(0xa3, 0x85, 0x81, 0, 0, 0x80, 0xf8);
  return Buffer.concat([
    ebml([0x1a, 0x45, 0xdf, 0xa3], ebml([0x42, 0x82], Buffer.from('webm'))),
    ebml(
      [0x18, 0x53, 0x80, 0x67],
      ebml([0x16, 0x54, 0xae, 0x6b], track),
      ...clusters.map(({ atMs, packets }) =>
        ebml([0x1f, 0x43, 0xb6, 0x75], ebml([0xe7], u32(atMs)), Buffer.alloc(packets * block.length, block)),
      ),
    ),
  ]);
}
