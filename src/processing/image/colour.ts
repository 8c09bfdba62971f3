import type { VideoStream } from '../run/streams.js';

type Colours = Pick<VideoStream, 'transfer' | 'primaries' | 'matrix' | 'displayWidth' | 'displayHeight'>;

/** SMPTE ST 2084 (PQ) and ITU-R BT.2100 HLG, as ffprobe calls them. */
const hdrTransfers = new Set(['smpte2084', 'arib-std-b67']);
/** Primaries for which zscale and ffprobe use the same name. */
const knownPrimaries = new Set(['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'smpte240m', 'film', 'bt2020', 'smpte432']);
/** Matrices that `scale` converts. It fails with any other, even if it only changes the size. `gbr` stands for RGB. */
const scaleMatrices = new Set(['bt709', 'fcc', 'bt470bg', 'smpte170m', 'smpte240m', 'bt2020nc', 'gbr']);
/** Matrices that zscale converts from any transfer. */
const zscaleMatrices = new Set([
  ...['bt709', 'bt470bg', 'smpte170m', 'bt2020nc'],
  ...['ycgco', 'chroma-derived-nc', 'chroma-derived-c'],
]);
/** Pixel formats for zscale. Left out are 4:1:1 and 4:1:0: it offers to take them, then fails. */
const zscaleFormats = ['', '10le', '12le', '16le']
  .flatMap((depth) => ['yuv420p', 'yuv422p', 'yuv444p', 'gbrp'].map((format) => `${format}${depth}`))
  .join('|');
/** cd/m². Luminance of SDR white, zscale's `npl`. */
const sdrWhite = 100;
const bt709 = 'p=bt709:t=bt709:m=bt709:r=tv';

const isHdr = ({ transfer }: Colours) => transfer !== null && hdrTransfers.has(transfer);
/** Whether its colours exceed BT.709. */
const isWide = (video: Colours) => isHdr(video) || video.primaries === 'bt2020';
const ifIn = (names: Set<string>, value: string | null) => (value !== null && names.has(value) ? value : undefined);
const setMatrix = (matrix: string) => `setparams=colorspace=${matrix}`;

/**
 * The filters between the decoder and the first `scale` that converts to BT.709. A header may name any colour space; one
 * that no filter converts is treated as the nearest one that a filter does convert.
 * @param resize a filter that makes both sides even and converts no colours. zscale is slow, so the picture is made
 *   smaller first.
 */
export function colourFilters(video: Colours, resize: string): string[] {
  // The label only keeps `scale` from failing: it changes no pixel values, and zscale is told the real matrix.
  const forZscale = [...(video.matrix === 'gbr' ? [] : [setMatrix('bt709')]), resize, `format=${zscaleFormats}`];
  if (isWide(video)) return [...forZscale, wideToBt709(video)];
  if (video.matrix === 'ycgco') return [...forZscale, `zscale=tin=bt709:pin=bt709:min=ycgco:${bt709}`];
  return ifIn(scaleMatrices, video.matrix) ? [] : [setMatrix(assumedMatrix(video))];
}

/** Converts wide colours to BT.709. HDR is tone-mapped in linear light, so that bright parts keep their details. */
function wideToBt709(video: Colours): string {
  const primaries = ifIn(knownPrimaries, video.primaries) ?? 'bt2020';
  const from = (transfer: string) => `tin=${transfer}:pin=${primaries}:min=${wideMatrix(video)}`;
  // BT.2020 without HDR has the transfer curve of BT.709.
  if (!isHdr(video)) return `zscale=${from('bt709')}:${bt709},format=yuv420p`;
  return [
    `zscale=${from(video.transfer!)}:t=linear:p=${primaries}:npl=${sdrWhite}`,
    'format=gbrpf32le',
    'zscale=p=bt709',
    // Leaves luminance below 0.3 unchanged, where faces and rooms are; other curves darken the whole picture.
    'tonemap=tonemap=mobius:param=0.3:desat=0',
    `zscale=${bt709}`,
    'format=yuv420p',
  ].join(',');
}

/** Constant luminance is defined for the curve of SDR alone, ICtCp for those of HDR (ITU-R BT.2020-2 and BT.2100-2). */
function wideMatrix(video: Colours): string {
  if (video.matrix === 'ictcp' && isHdr(video)) return 'ictcp';
  if (video.matrix === 'bt2020c' && !isHdr(video)) return 'bt2020c';
  return ifIn(zscaleMatrices, video.matrix) ?? 'bt2020nc';
}

/** For a missing matrix, or one that no filter converts: BT.709 for HD and BT.601 for smaller pictures, as players do. */
function assumedMatrix({ matrix, displayWidth, displayHeight }: Colours): string {
  if (matrix === 'bt2020c') return 'bt2020nc';
  return Math.min(displayWidth, displayHeight) >= 720 ? 'bt709' : 'smpte170m';
}

/** Declares the colours of every output: without it, players guess by size, and differently for each rung. */
export const tagBt709 = 'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709';
