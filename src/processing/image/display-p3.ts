import sharp from 'sharp';
import { boxesIn } from '../accept/boxes.js';

/** ITU-T H.273: primaries of Display P3 (table 2), and the curves of HDR, PQ and HLG (table 3). */
const displayP3 = 12;
const hdr = new Set([16, 18]);

/**
 * Whether a HEIF declares Display P3 without an ICC profile, by code points (`nclx`, ISO/IEC 14496-12, 12.1.5), as
 * phones other than Apple's do.
 */
export function declaresDisplayP3(bytes: Buffer): boolean {
  // Only the first of each type: valid files have one, and searching thousands would take long.
  const first = (type: string, start: number, end: number) =>
    boxesIn(bytes, start, end).find((box) => box.type === type);
  const meta = first('meta', 0, bytes.length);
  const iprp = meta && first('iprp', meta.body + 4, meta.end);
  const ipco = iprp && first('ipco', iprp.body, iprp.end);
  if (!ipco) return false;
  return boxesIn(bytes, ipco.body, ipco.end)
    .filter(({ type }) => type === 'colr')
    .filter(({ body, end }) => end - body >= 8 && bytes.toString('latin1', body, body + 4) === 'nclx')
    .some(({ body }) => bytes.readUInt16BE(body + 4) === displayP3 && !hdr.has(bytes.readUInt16BE(body + 6)));
}

/** The ICC profile of Display P3, as sharp writes it into a picture. */
export async function displayP3Icc(): Promise<Buffer | undefined> {
  const dot = sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } });
  const { icc } = await sharp(await dot.withIccProfile('p3').png().toBuffer()).metadata();
  return icc;
}
