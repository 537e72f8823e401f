import { createRequire } from 'node:module';
import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import SVGtoPDF from 'svg-to-pdfkit';
import { parse, resetSVGDefIds, View, type Spec } from 'vega';
import { turn } from '../turn.js';

export const formats = ['pdf', 'png', 'svg'] as const;
export type Format = (typeof formats)[number];

/** A figure of parts that are drawn one after the other, since Vega takes megabytes for each. Sizes in points. */
export interface Figure {
  readonly width: number;
  readonly height: number;
  /** The height of a line of parts. */
  readonly lineHeight: number;
  /** Line by line. */
  readonly parts: readonly FigurePart[];
}

export interface FigurePart {
  /** Where its top left corner lies. */
  readonly x: number;
  readonly y: number;
  readonly spec: Spec;
}

/** The face of the published figures; shipped as a package, so that every machine draws the same. */
const fontFile = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

/** Pixels a point: 216 dpi. */
const pngScale = 3;
/** A picture of more takes too much memory (four bytes a pixel), here and where it is looked at. */
const mostPixels = 20e6;

/** The most points of a page's height: half of what the PDF standard's limits allow, since a page is kept until its end. */
const mostPdfPoints = 7200;

/** PDF last: what it leaves to be freed would add to the pixels of a PNG. */
const drawingOrder: readonly Format[] = ['png', 'svg', 'pdf'];

/**
 * Draws a figure in each of the formats, one after the other. The same figure gives the same bytes.
 *
 * @param warn is told where a PNG has fewer pixels a point than it should.
 */
export async function* exportFigure(
  figure: Figure,
  wanted: readonly Format[],
  warn: (text: string) => void,
): AsyncGenerator<{ format: Format; bytes: Uint8Array }> {
  // Vega numbers its clip paths through all figures of a process.
  resetSVGDefIds();
  const parts: DrawnPart[] = [];
  for (const { x, y, spec } of figure.parts) parts.push({ x, y, svg: await drawn(spec) });
  for (const format of drawingOrder.filter((each) => wanted.includes(each))) {
    const svg = () => wholeSvg(figure, parts);
    const bytes =
      format === 'pdf'
        ? await toPDF(figure, parts)
        : format === 'png'
          ? await toPNG(figure, svg(), warn)
          : Buffer.from(svg());
    yield { format, bytes };
  }
}

interface DrawnPart {
  readonly x: number;
  readonly y: number;
  readonly svg: string;
}

async function drawn(spec: Spec): Promise<string> {
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    // Vega gives a text of a million pieces; this makes it one, which takes less memory.
    return Buffer.from(await view.toSVG()).toString();
  } finally {
    view.finalize();
  }
}

function wholeSvg({ width, height }: Figure, parts: readonly DrawnPart[]): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const placed = parts.map(
    ({ x, y, svg }) => `<g transform="translate(${x},${y})">${svg.replace(/^<svg[^>]*>|<\/svg>$/g, '')}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" ${size}>`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...placed,
    '</svg>',
  ].join('');
}

async function toPNG({ width, height }: Figure, svg: string, warn: (text: string) => void): Promise<Uint8Array> {
  const scale = Math.min(pngScale, Math.sqrt(mostPixels / (width * height)));
  if (scale < pngScale) {
    const percent = Math.round((100 * scale) / pngScale);
    warn(
      `at ${percent} % of its size, since it has so many columns; --rates chooses some, --format pdf or svg has no pixels`,
    );
  }
  // It has a native library, which the other formats can do without.
  const { renderAsync } = await import('@resvg/resvg-js');
  const image = await renderAsync(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontFiles: [fontFile], loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
  });
  return image.asPng();
}

/** On one page, or on several where the figure is higher than a page may be. */
async function toPDF({ width, height, lineHeight }: Figure, parts: readonly DrawnPart[]): Promise<Uint8Array> {
  const pageHeight = Math.min(height, Math.floor(mostPdfPoints / lineHeight) * lineHeight);
  const document = new PDFDocument({ size: [width, pageHeight], margin: 0, info: { CreationDate: new Date(0) } });
  const whole = buffer(document);
  document.registerFont('figure', fontFile);
  let top = 0;
  for (const { x, y, svg } of parts) {
    if (y >= top + pageHeight) {
      document.addPage();
      top += pageHeight;
    }
    SVGtoPDF(document, svg, x, y - top, { assumePt: true, fontCallback: () => 'figure' });
    // Otherwise what was needed for a part is not freed before the last.
    await turn(undefined);
  }
  document.end();
  return whole;
}
