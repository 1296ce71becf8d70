import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';

/** The font that pictures are set in; a PNG is drawn with it on every machine. */
export const pictureFont = 'Open Sans';

const fontFiles = ['400Regular/OpenSans_400Regular.ttf', '600SemiBold/OpenSans_600SemiBold.ttf'].map((file) =>
  fileURLToPath(import.meta.resolve(`@expo-google-fonts/open-sans/${file}`)),
);

/** Draws an SVG file as PNG, twice as large: sharp in print. */
export function pngOf(svg: string): Uint8Array {
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: pictureFont, sansSerifFamily: pictureFont };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: 2 } }).render().asPng();
}
