import type { VideoStream } from '../run/streams.js';

type Said = Pick<VideoStream, 'transfer' | 'primaries' | 'matrix' | 'displayWidth' | 'displayHeight'>;

/** SMPTE ST 2084 (PQ) and ITU-R BT.2100 HLG, as ffprobe calls them. */
const hdrTransfers = new Set(['smpte2084', 'arib-std-b67']);
/** What zscale takes by the same name as ffprobe gives it. */
const knownPrimaries = new Set(['bt709', 'bt470m', 'bt470bg', 'smpte170m', 'smpte240m', 'film', 'bt2020', 'smpte432']);
const knownMatrices = new Set(['bt709', 'bt470bg', 'smpte170m', 'bt2020nc', 'bt2020c', 'gbr']);
/** Screens show white of this luminance when nothing is said, cd/m². */
const white = 100;
const bt709 = 'p=bt709:t=bt709:m=bt709:r=tv';

const isHdr = ({ transfer }: Said) => transfer !== null && hdrTransfers.has(transfer);

/** Whether its colours reach beyond what an ordinary screen takes. Turning them is dear: it is done once, on few pixels. */
export const isWide = (video: Said): boolean => isHdr(video) || video.primaries === 'bt2020';

/**
 * The filters that make BT.709 of what `isWide`, in linear light: HDR is toned down, so that bright parts keep their
 * drawing and are not cut off. Sizes have to be even before.
 */
export function narrow(video: Said): string {
  const primaries = said(video.primaries, knownPrimaries) ?? 'bt2020';
  const matrix = said(video.matrix, knownMatrices) ?? 'bt2020nc';
  const from = (transfer: string) => `tin=${transfer}:pin=${primaries}:min=${matrix}`;
  // BT.2020 without HDR has the curve of BT.709.
  if (!isHdr(video)) return `zscale=${from('bt709')}:${bt709},format=yuv420p`;
  return [
    `zscale=${from(video.transfer!)}:t=linear:npl=${white}`,
    'format=gbrpf32le',
    'zscale=p=bt709',
    // Leaves everything below 0.3 as it is, where faces and rooms are; others darken the whole picture.
    'tonemap=tonemap=mobius:param=0.3:desat=0',
    `zscale=${bt709}`,
    'format=yuv420p',
  ].join(',');
}

/**
 * The matrix of what does not say it, or nothing when it does: HD is BT.709 and everything smaller BT.601, as players
 * have it.
 */
export function presumed({ matrix, displayWidth, displayHeight }: Said): string[] {
  if (matrix !== null && matrix !== 'unknown') return [];
  const isHd = Math.min(displayWidth, displayHeight) >= 720;
  return [`setparams=colorspace=${isHd ? 'bt709' : 'smpte170m'}`];
}

/** Every output says what it is: players guess by the size otherwise, and another for each rung. */
export const tagged = 'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709';

const said = (value: string | null, known: Set<string>) => (value !== null && known.has(value) ? value : undefined);
