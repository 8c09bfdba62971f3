import sharp from 'sharp';
import { read } from './folder.js';

export interface PhotoCase {
  name: string;
  source: () => Promise<Buffer>;
  /** px, upright */
  width: number;
  height: number;
  alpha?: boolean;
  frames?: number;
  /** The source reveals where or with what it was taken; these words must not be in the output. */
  secrets?: string[];
}

const file = (path: string, width: number, height: number, more: Partial<PhotoCase> = {}): PhotoCase => ({
  name: path,
  source: () => read(path),
  width,
  height,
  ...more,
});

/** As phones write them: progressive, rotated, with a place, a camera and its serial number. */
const progressiveTurnedAndPlaced = async (): Promise<Buffer> =>
  sharp(await read('image/photo/dog_exif_extended_xmp_icc.jpg'))
    .resize(1600)
    .withExif({
      IFD0: { Orientation: '6', Make: 'Testphone', Model: 'Secretcam 9', Copyright: 'Ann Example' },
      IFD2: { BodySerialNumber: 'SN-12345-SECRET' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 51/1 0/1', GPSLongitudeRef: 'E', GPSLongitude: '2/1 21/1 0/1' },
    })
    .jpeg({ progressive: true })
    .toBuffer();

export const photoCases: PhotoCase[] = [
  file('image/photo/dog_exif_extended_xmp_icc.jpg', 3024, 4032, { secrets: ['ns.adobe.com/xap'] }),
  file('image/photo/vacation_2017.jpg', 2560, 1440, { secrets: ['SM-J320P', 'SAMSUNG', 'C05QFIC05CM'] }),
  file('image/formats/cat.jpg', 320, 240),
  {
    name: 'a progressive JPEG of orientation 6 with GPS, made of a real photo',
    source: progressiveTurnedAndPlaced,
    width: 1200,
    height: 1600,
    secrets: ['Secretcam 9', 'SN-12345-SECRET', 'Testphone'],
  },
  file('image/photo/apple_gainmap_new.jpg', 384, 512, { secrets: ['iPhone 13 mini'] }),
  file('image/photo/seine_sdr_gainmap_srgb.jpg', 400, 300, { secrets: ['Pixel 4a'] }),
  file('image/photo/paris_icc_exif_xmp.png', 403, 302, { secrets: [] }),
  file('image/photo/paris_icc_exif_xmp.avif', 403, 302, { secrets: ['Pixel 4a'] }),
  file('image/formats/simple_xmp.webp', 300, 300, { secrets: ['x:xmpmeta'] }),
  file('image/formats/iptc.jpg', 64, 48),
  file('image/orientation/paris_exif_orientation_5.jpg', 302, 403),
  file('image/orientation/abc_color_irot_alpha_irot.avif', 256, 512, { alpha: true }),
  file('image/formats/cmyk.jpg', 1280, 720),
  file('image/formats/p3.png', 8, 8),
  file('image/formats/gradient_16bit.png', 64, 48),
  file('image/formats/rgb-3c-16b.tiff', 157, 151),
  file('image/formats/rgba.png', 1280, 720, { alpha: true }),
  file('image/formats/rotating-squares.gif', 80, 80, { alpha: true, frames: 30 }),
];

/** One picture in EXIF orientations 1 to 8. */
export const landscapes: PhotoCase[] = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
  file(`image/orientation/Landscape_${n}.jpg`, 600, 450),
);
