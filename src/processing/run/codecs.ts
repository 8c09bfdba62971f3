import { boxesIn, findBoxes } from '../accept/boxes.js';

const sampleEntryHeader = 78;
const aacLc = 'mp4a.40.2';

/**
 * CODECS of an MP4 that we wrote (RFC 6381, 3.3): for H.264 the profile, constraints and level from its avcC box
 * (ISO/IEC 14496-15, 5.3.3.1), for sound AAC-LC, the only audio codec that we write.
 * @param init the bytes before the first segment
 */
export function codecsOf(init: Buffer): string {
  const codecs: string[] = [];
  for (const found of sampleEntries(init)) {
    if (found.type === 'mp4a') codecs.push(aacLc);
    if (found.type !== 'avc1') continue;
    const [config] = findBoxes(init, 'avcC', found.body + sampleEntryHeader, found.end);
    if (!config) throw new Error('avc1 without avcC');
    codecs.push(`avc1.${init.toString('hex', config.body + 1, config.body + 4)}`);
  }
  if (!codecs.length) throw new Error('no known codec in the initialization section');
  return codecs.join(',');
}

function sampleEntries(init: Buffer) {
  return findBoxes(init, 'stsd').flatMap((stsd) => boxesIn(init, stsd.body + 8, stsd.end));
}
