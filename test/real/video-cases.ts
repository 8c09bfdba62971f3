/** Rungs as `width × height` that a viewer must see. */
type Rungs = Record<string, readonly [number, number]>;
export interface VideoCase {
  file: string;
  width: number;
  height: number;
  seconds: number;
  sound: boolean;
  rungs: Rungs;
  /** What the file reveals about its maker, as bytes that must not be in the output. */
  secrets?: string[];
}

/**
 * The properties of each source, measured by hand and independent of the code: size upright with square pixels,
 * duration, sound.
 */
export const videoCases: VideoCase[] = [
  {
    file: 'video/portrait.MOV',
    ...{ width: 320, height: 568, seconds: 2.07, sound: true },
    rungs: { '144p': [144, 256], '240p': [240, 426] },
    secrets: ['iPhone 4S', '+48.8789', '+002.3376'],
  },
  {
    file: 'video/smpte-2997.mp4',
    ...{ width: 1920, height: 1080, seconds: 10.05, sound: true },
    rungs: {
      '144p': [256, 144],
      '240p': [426, 240],
      '360p': [640, 360],
      '480p': [854, 480],
      '720p': [1280, 720],
      '1080p': [1920, 1080],
    },
  },
  {
    file: 'video/av1_video.mkv',
    ...{ width: 640, height: 360, seconds: 5, sound: false },
    rungs: { '144p': [256, 144], '240p': [426, 240], '360p': [640, 360] },
  },
  {
    file: 'video/ios9.mov',
    ...{ width: 720, height: 1280, seconds: 0.47, sound: true },
    rungs: { '144p': [144, 256], '240p': [240, 426], '360p': [360, 640], '480p': [480, 854], '720p': [720, 1280] },
    secrets: ['iPhone 6s', '+40.6358', '-111.8084', '2016-02-02T'],
  },
  {
    file: 'video/fire2.mp4',
    ...{ width: 1280, height: 720, seconds: 2.38, sound: true },
    rungs: { '144p': [256, 144], '240p': [426, 240], '360p': [640, 360], '480p': [854, 480], '720p': [1280, 720] },
    secrets: ['+54.1843', '-002.7189'],
  },
  {
    file: 'video/file+with+data&streams=works?.mp4',
    ...{ width: 480, height: 320, seconds: 10.29, sound: true },
    rungs: { '144p': [216, 144], '240p': [360, 240] },
  },
  {
    // MPEG-1 with pixels of 64:45.
    file: 'video/weird_aspect.small.mpg',
    ...{ width: 501, height: 288, seconds: 1.46, sound: true },
    rungs: { '144p': [250, 144], '240p': [418, 240] },
  },
  {
    file: 'video/testsrc2_odd_height_and_width_444.mp4',
    ...{ width: 321, height: 241, seconds: 1, sound: false },
    rungs: { '144p': [192, 144], '240p': [320, 240] },
  },
  {
    file: 'video/testsrc2_odd_height_and_width_vp9.mp4',
    ...{ width: 321, height: 241, seconds: 1, sound: false },
    rungs: { '144p': [192, 144], '240p': [320, 240] },
  },
  {
    file: 'video/nasa_13013_rotated.mp4',
    ...{ width: 270, height: 480, seconds: 0.57, sound: false },
    rungs: { '144p': [144, 256], '240p': [240, 426] },
  },
  {
    file: 'video/sideways movie.mov',
    ...{ width: 480, height: 640, seconds: 1.02, sound: true },
    rungs: { '144p': [144, 192], '240p': [240, 320], '360p': [360, 480], '480p': [480, 640] },
    secrets: ['iPhone 4S', '+40.7388', '-074.0002'],
  },
];
