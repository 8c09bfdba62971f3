const components = [1, 2, 3];
/** Blocks one EOB run stands for (ITU-T T.81, G.1.2.2): category 14 holds 16,384 and what its fourteen bits add. */
const longestRun = 16_384;

/**
 * A progressive grey JPEG, `side` × `side`, with each bit of each component in its own scan (ITU-T T.81, annex G): 43
 * scans, all valid, half a megabyte for a hundred million pixels, and seconds to decode.
 */
export function manyScans(side: number, comment = ''): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  const zeros = (bits: number) => Buffer.alloc(Math.ceil(bits / 8));
  const parts = [
    Buffer.of(0xff, 0xd8),
    segment(0xfe, Buffer.from(comment)),
    segment(0xdb, Buffer.concat([Buffer.of(0), Buffer.alloc(64, 1)])),
    segment(0xc2, Buffer.from([8, ...word(side), ...word(side), 3, ...components.flatMap((id) => [id, 0x11, 0])])),
    // Codes of one and two bits: `0` is "no difference" of DC, and "an EOB run of category 14" of AC.
    segment(0xc4, huffman(0x00, [0, 1])),
    segment(0xc4, huffman(0x10, [0xe0, 0x00])),
    scan(components, [0, 0, 0], zeros(blocks * components.length)),
  ];
  // `0`, and fourteen zero bits, for each run; blocks beyond the last are ignored.
  const runs = zeros(Math.ceil(blocks / longestRun) * 15);
  for (let bit = 13; bit >= 0; bit--)
    for (const id of components) parts.push(scan([id], [1, 63, ((bit === 13 ? 0 : bit + 1) << 4) | bit], runs));
  return Buffer.concat([...parts, Buffer.of(0xff, 0xd9)]);
}

const word = (n: number) => [n >> 8, n & 255];
const segment = (marker: number, body: Buffer) =>
  Buffer.concat([Buffer.from([0xff, marker, ...word(body.length + 2)]), body]);
const huffman = (table: number, [first, second]: [number, number]) =>
  Buffer.from([table, 1, 1, ...Array<number>(14).fill(0), first, second]);
const scan = (ids: number[], spectrum: number[], data: Buffer) =>
  Buffer.concat([segment(0xda, Buffer.from([ids.length, ...ids.flatMap((id) => [id, 0]), ...spectrum])), data]);
