import { basename } from 'node:path';
import { imageFault } from '../../graph/common/errors.js';
import { recipeSummary } from '../../graph/recipe/recipe.js';
import { area } from '../../runtime/masks/threshold.js';
import type { Segmenter } from '../../runtime/node/segmenter.js';
import type { SegmentOptions } from '../../runtime/segmentation.js';
import type { TruthReading } from '../../runtime/truth/truth.js';
import type { Pair } from '../files/pairs.js';
import { compareWithTruth } from './compare-classes.js';
import type { EvaluationReport } from './evaluation-counts.js';
import { classFigures, metricFields, share } from './figures.js';
import { escaped, fieldsTable, listSection, writePage } from './html.js';
import { colourText, outlinedPng, PICTURES_STYLE, pngSource } from './outlined.js';
import { truthText } from './truth-report.js';

/** How many of the worst images are shown. */
const PICTURES = 8;

const FOUND = [255, 64, 32] as const;
const TRUE = [32, 220, 90] as const;

interface Drawn {
  /** Nothing was found in it. */
  readonly empty: boolean;
  /** PNG. */
  readonly png: Uint8Array;
}

/** An image, drawn, or why it could not be. */
type Picture = { readonly name: string; readonly dsc: number } & (Drawn | { readonly lacking: string });

/** Writes the report as one HTML file that needs nothing else. */
export async function writeReport(
  path: string,
  report: EvaluationReport,
  segmenter: Segmenter,
  pairs: readonly Pair[],
  options: SegmentOptions & TruthReading & { readonly model: string },
): Promise<void> {
  const worst = report.perImage.toSorted((a, b) => a.dsc - b.dsc).slice(0, PICTURES);
  const pictures: Picture[] = [];
  const { signal } = options;
  for (const { name, dsc } of worst) {
    const pair = pairs.find(({ image }) => basename(image) === name);
    if (pair === undefined) continue;
    try {
      pictures.push({ name, dsc, ...(await picture(segmenter, pair, options)) });
    } catch (error) {
      // It was counted; only its picture is lacking.
      pictures.push({ name, dsc, lacking: imageFault(error, signal).message });
    }
  }
  const title = `${basename(options.model)}: ${report.images} images`;
  await writePage(path, title, PICTURES_STYLE, bodyOf(report, pictures));
}

/** The image with the outlines of what is true and of what was found. */
async function picture(
  segmenter: Segmenter,
  pair: Pair,
  options: SegmentOptions & TruthReading,
): Promise<Drawn> {
  const { image, compared } = await compareWithTruth(segmenter, pair, { ...options, pixels: true });
  if (image === undefined) throw new TypeError('no pixels were given');
  const foreground = compared.filter(({ isBackground }) => !isBackground);
  const png = await outlinedPng(image, [
    { masks: foreground.map(({ truth }) => truth.mask), colour: TRUE },
    { masks: foreground.map(({ found }) => found), colour: FOUND },
  ]);
  return { png, empty: foreground.every(({ found }) => area(found) === 0) };
}

function cleaningText({ fillHoles, largestComponent, minArea }: EvaluationReport['cleaning']): string {
  const steps = [
    ...(fillHoles ? ['holes filled'] : []),
    ...(largestComponent ? ['largest part only'] : []),
    ...(minArea > 0 ? [`parts of ${minArea} pixels and more`] : []),
  ];
  return steps.join(', ') || 'none';
}

/** Each class by its label, where there are several. */
function classesTable({ classes = [] }: EvaluationReport): string {
  if (classes.length === 0) return '';
  const named = ({ label, name = `class ${label}`, background }: (typeof classes)[number]) =>
    background ? `${name} (background, not in the means)` : name;
  const figures = classes.map((each) => [named(each), classFigures(each)] as const);
  return `<h2>Classes</h2>\n${fieldsTable(figures)}`;
}

function bodyOf(report: EvaluationReport, pictures: readonly Picture[]): string {
  const { confusion, perImage, warnings } = report;
  const errors = report.failures.map(({ error }) => error);
  const figures = fieldsTable([
    ...metricFields(report),
    ['DSC per image, mean', share(report.meanDsc)],
    ['DSC per image, median', share(report.medianDsc)],
    ['true positive pixels', String(confusion.tp)],
    ['false positive pixels', String(confusion.fp)],
    ['false negative pixels', String(confusion.fn)],
    ['true negative pixels', String(confusion.tn)],
    ['ground truth', truthText(report.truth)],
    ['counted at', report.at === 'network' ? "the network's input size" : "each image's own size"],
    ['threshold', String(report.threshold ?? 'none: the most probable class')],
    ['cleaning', cleaningText(report.cleaning)],
    ['recipe', recipeSummary(report.recipe)],
    ['provider', report.provider],
  ]);
  const figure = (shown: Picture) => {
    const caption = `${escaped(shown.name)}: DSC ${share(shown.dsc)}`;
    if ('lacking' in shown)
      return `<figure><figcaption>${caption}, no picture: ${escaped(shown.lacking)}</figcaption></figure>`;
    const found = shown.empty ? ', nothing found' : '';
    return `<figure><img alt="" src="${pngSource(shown.png)}"><figcaption>${caption}${found}</figcaption></figure>`;
  };
  return `${figures}
${classesTable(report)}
${listSection('To be checked', warnings)}
${listSection('Not counted', errors)}
<h2>The worst</h2>
<p>Outlined: <span style="color: ${colourText(TRUE)}">ground truth</span>,
<span style="color: ${colourText(FOUND)}">found</span>.
<div class="pictures">
${pictures.map(figure).join('\n')}
</div>
<h2>All images</h2>
${fieldsTable(perImage.map(({ name, dsc }) => [name, share(dsc)]))}`;
}
