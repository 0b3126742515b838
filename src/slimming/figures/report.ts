import { basename } from 'node:path';
import { assumptionsText } from '../../../graph/recipe/assumption.js';
import { recipeSummary } from '../../../graph/recipe/recipe.js';
import type { Mask, RgbImage } from '../../../runtime/common/raster.js';
import { bytesText, count, macsText, share } from '../../reports/figures.js';
import {
  type Column,
  escaped,
  FIGURES_STYLE,
  fieldsTable,
  figuresTable,
  listSection,
  pageOf,
} from '../../reports/html.js';
import { colourText, outlinedPng, PICTURES_STYLE, pngSource } from '../../reports/outlined.js';
import { curvePlot, type Sample, smoothed } from '../../reports/plots.js';
import type { ModelFigures, Scores, SlimReport } from '../slim-report.js';

/** Images of each kind that are shown. */
const OF_EACH = 2;

const TEACHER = [32, 220, 90] as const;
const STUDENT = [255, 64, 32] as const;

/** An image that is shown, and why. */
export interface SlimExample {
  readonly name: string;
  readonly kind: 'best' | 'median' | 'worst';
  /** Of the student's masks with the teacher's. */
  readonly dsc: number;
}

/** One, drawn as a PNG. */
export type DrawnExample = SlimExample & { readonly png: Uint8Array };

/** Which images are shown: the two that agree best, least, and those in the middle; each once, all where there are fewer than six. */
export function examplesOf({ perImage }: Scores): readonly SlimExample[] {
  const sorted = perImage.toSorted((a, b) => b.dsc - a.dsc || (a.name < b.name ? -1 : 1));
  const { length } = sorted;
  // The worst tell most, and are taken first of few.
  const worstFrom = Math.max(0, length - OF_EACH);
  const bestTo = Math.min(OF_EACH, worstFrom);
  const middle = Math.max(bestTo, Math.min(Math.ceil(length / 2) - OF_EACH / 2, worstFrom - OF_EACH));
  const shown = (kind: SlimExample['kind'], from: number, to: number) =>
    sorted.slice(from, to).map((each) => ({ ...each, kind }));
  return [
    ...shown('best', 0, bestTo),
    ...shown('median', middle, Math.min(middle + OF_EACH, worstFrom)),
    ...shown('worst', worstFrom, length),
  ];
}

/** An image with the outlines of both networks' masks, background aside. */
export async function drawExample(
  example: SlimExample,
  image: RgbImage,
  masks: { readonly teacher: readonly Mask[]; readonly student: readonly Mask[] },
): Promise<DrawnExample> {
  const png = await outlinedPng(image, [
    { masks: masks.teacher, colour: TEACHER },
    { masks: masks.student, colour: STUDENT },
  ]);
  return { ...example, png };
}

/** The report as one HTML file that needs nothing else. */
export function slimReportPage(report: SlimReport, examples: readonly DrawnExample[]): Uint8Array {
  const title = `${basename(report.output)}: ${basename(report.network)} with an nmODE decoder`;
  return pageOf(title, `${FIGURES_STYLE}\n${PICTURES_STYLE}`, bodyOf(report, examples));
}

type Row = { readonly name: string } & ModelFigures;

function columnsOf(teacher: ModelFigures): readonly Column<Row>[] {
  return [
    ['parameters', ({ parameters }) => count(parameters)],
    ['multiply-adds', ({ macs }) => (macs === undefined ? undefined : macsText(macs))],
    ['file', ({ bytes }) => bytesText(bytes)],
    ['latency, ms', ({ milliseconds }) => milliseconds.toFixed(1)],
    ['ratio', ({ milliseconds }) => (milliseconds / teacher.milliseconds).toFixed(3)],
    ['agreement, mean', ({ agreement }) => agreement && share(agreement.mean)],
    ['median', ({ agreement }) => agreement && share(agreement.median)],
    ['worst', ({ agreement }) => agreement && share(agreement.worst)],
    ['DSC, ground truth', ({ truth }) => truth && share(truth.dsc)],
  ];
}

function bodyOf(report: SlimReport, examples: readonly DrawnExample[]): string {
  const { teacher, student, teacherInt8, images } = report;
  const rows: readonly Row[] = [
    { name: 'teacher', ...teacher },
    { name: 'student', ...student },
    ...(teacherInt8 ? [{ name: 'teacher in int8', ...teacherInt8 }] : []),
  ];
  const shown = columnsOf(teacher).filter(([, text]) => rows.some((row) => text(row) !== undefined));
  const errors = report.failures.map(({ error }) => error);
  const groups = report.duplicates.map((group) => group.join(', '));
  const lists = [
    listSection('Warnings', report.warnings),
    listSection('Notes', report.notes),
    listSection('Not used', errors),
    listSection('Near-duplicates, each group in one part', groups),
  ];
  return `<p>The encoder of the teacher is frozen, and the decoder of the student was fitted to the teacher's predictions. Agreement is the DSC of
its masks with the teacher's, per image, on the test images (${images.test}). Latencies are medians of alternating runs.
${figuresTable('model', shown, rows)}
<p>${escaped(heldOutText(report))}
<h2>Fitting</h2>
${curvesOf(report)}
<h2>Images</h2>
<p>Outlined: <span style="color: ${colourText(TEACHER)}">teacher</span>, <span style="color: ${colourText(STUDENT)}">student</span>, where they
coincide, the student.
<div class="pictures">
${examples.map(figureOf).join('\n')}
</div>
${[...lists.filter((list) => list !== ''), '<h2>How it was made</h2>'].join('\n')}
${fieldsTable(fieldsOf(report))}
${student.agreement ? `<h2>Agreement of each image</h2>\n${fieldsTable(perImageOf(student.agreement))}` : ''}`;

  function heldOutText({ heldOut: { agreement, truth } }: SlimReport): string {
    const figures = [
      ...(agreement ? [`agreement ${share(agreement.mean)}`] : []),
      ...(truth ? [`DSC ${share(truth.dsc)} with ground truth`] : []),
    ];
    if (figures.length === 0) return `No image selected the weights: they are those of the last step.`;
    return `On the images that selected the weights (${images.heldOut}), which is optimistic: ${figures.join(', ')}.`;
  }
}

function curvesOf({ looks, runningFrom, bestStep, steps, ...report }: SlimReport): string {
  const samples = report.losses.map((loss, index): Sample => [index + 1, loss]);
  const marks = [
    ...(runningFrom < steps ? [{ step: runningFrom, text: 'running statistics' }] : []),
    { step: bestStep, text: 'weights kept' },
  ];
  const divergences = looks.map(({ step, divergence }): Sample => [step, divergence]);
  const agreements = looks.map(({ step, agreement }): Sample => [step, agreement]);
  const losses = [
    { name: 'of a step', samples, isFaint: true },
    { name: 'mean of the last steps', samples: smoothed(samples, 10) },
  ];
  return `${curvePlot('loss', losses, marks)}
${curvePlot('agreement on the images that choose the weights', [{ name: 'mean DSC', samples: agreements }], marks)}
${curvePlot('divergence from the teacher on the same images, nats a pixel', [{ name: 'mean', samples: divergences }], marks)}`;
}

function figureOf({ name, kind, dsc, png }: DrawnExample): string {
  const alt = `${name} with the masks of teacher and student`;
  return `<figure><img alt="${escaped(alt)}" src="${pngSource(png)}"><figcaption>${kind}: ${escaped(name)}, DSC ${share(dsc)}</figcaption></figure>`;
}

function fieldsOf(report: SlimReport): readonly (readonly [label: string, text: string | undefined])[] {
  const { train, heldOut, test } = report.images;
  const packages = Object.entries(report.versions).map((entry) => entry.join(' '));
  return [
    ['teacher', report.network],
    ['student', report.output],
    ['frozen', report.encoder],
    ['fitted', `${report.decoder.toUpperCase()} decoder of ${count(report.fitted)} numbers`],
    ['images', `${train} trained on, ${heldOut} chose the weights, ${test} chose nothing`],
    ['recipe', recipeSummary(report.recipe)],
    ['assumed', report.assumed.length > 0 ? assumptionsText(report.assumed) : 'nothing'],
    ['steps', `${report.steps}, the weights kept are those of step ${report.bestStep}`],
    ['seed', String(report.seed)],
    ['time', `${report.seconds.toFixed(0)} s on ${report.threads} threads`],
    ['versions', packages.join(', ')],
  ];
}

const perImageOf = ({ perImage }: Scores) => perImage.map(({ name, dsc }) => [name, share(dsc)] as const);
