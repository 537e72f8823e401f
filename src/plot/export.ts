import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import PDFDocument from 'pdfkit';
import SVGtoPDF from 'svg-to-pdfkit';
import { parse, resetSVGDefIds, View, type Spec } from 'vega';

export const formats = ['pdf', 'png', 'svg'] as const;
export type Format = (typeof formats)[number];

/** The face of the published figures; shipped as a package, so that every machine draws the same. */
const fontFile = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

/** Pixels a point: 216 dpi. */
const pngScale = 3;

/** Draws a figure in each of the formats. The same figure gives the same bytes. */
export async function exportFigure(spec: Spec, wanted: readonly Format[]): Promise<Map<Format, Buffer>> {
  // Vega numbers its clip paths through all figures of a process.
  resetSVGDefIds();
  const svg = await new View(parse(spec), { renderer: 'none' }).toSVG();
  const drawn = new Map<Format, Buffer>();
  for (const format of wanted) drawn.set(format, await convert[format](svg));
  return drawn;
}

const convert: Record<Format, (svg: string) => Buffer | Promise<Buffer>> = {
  svg: (svg) => Buffer.from(svg),
  png: (svg) =>
    new Resvg(svg, {
      fitTo: { mode: 'zoom', value: pngScale },
      font: { fontFiles: [fontFile], loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
    })
      .render()
      .asPng(),
  pdf: toPDF,
};

function toPDF(svg: string): Promise<Buffer> {
  const [width, height] = [sizeOf(svg, 'width'), sizeOf(svg, 'height')];
  const document = new PDFDocument({ size: [width, height], margin: 0, info: { CreationDate: new Date(0) } });
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => resolve(Buffer.concat(chunks)));
    document.on('error', reject);
    document.registerFont('figure', fontFile);
    SVGtoPDF(document, svg, 0, 0, { width, height, assumePt: true, fontCallback: () => 'figure' });
    document.end();
  });
}

function sizeOf(svg: string, name: 'width' | 'height'): number {
  return Number(new RegExp(`<svg[^>]* ${name}="([\\d.]+)"`).exec(svg)?.[1]);
}
